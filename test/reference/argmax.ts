import { resizeReference } from "./resize.ts";

/** Classes and confidence of a map's pixels, from the logits [h,w,c] enlarged to `size` as a whole. */
export function argmaxReference(
  x: ArrayLike<number>,
  [h, w, c]: readonly number[],
  size: { h: number; w: number },
  map: { width: number; height: number },
): { classes: number[]; confidence: number[] } {
  const enlarged = resizeReference(x, [1, h, w, c], size.h, size.w, "bilinear", true);
  const classes: number[] = [];
  const confidence: number[] = [];
  for (let p = 0; p < map.width * map.height; p++) {
    const column = Math.floor((((p % map.width) + 0.5) * size.w) / map.width);
    const row = Math.floor(((Math.floor(p / map.width) + 0.5) * size.h) / map.height);
    const at = (row * size.w + column) * c;
    const values = Array.from({ length: c }, (_, i) => enlarged[at + i]);
    const most = Math.max(...values);
    classes.push(values.indexOf(most));
    confidence.push(1 / values.reduce((sum, v) => sum + Math.exp(v - most), 0));
  }
  return { classes, confidence };
}
