// Several pictures of one map side by side, as one.

import type { Pixels } from "./png.ts";

/** White between pictures, in pixels. */
const GAP = 4;

/**
 * @param pictures of one size, at least one
 * @param columns left out: as many as make the sheet about as wide as high, or wider
 * @returns opaque RGBA; places without a picture are white
 */
export function sheet(pictures: readonly Pixels[], columns?: number): Pixels {
  const { width: w, height: h } = pictures[0];
  const across = Math.min(pictures.length, columns ?? Math.ceil(Math.sqrt((pictures.length * h) / w)));
  const rows = Math.ceil(pictures.length / across);
  const [width, height] = [across * (w + GAP) - GAP, rows * (h + GAP) - GAP];
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (const [i, picture] of pictures.entries()) {
    if (picture.width !== w || picture.height !== h)
      throw new Error(`a picture of ${picture.width} x ${picture.height}`);
    const [left, top] = [(i % across) * (w + GAP), Math.floor(i / across) * (h + GAP)];
    for (let y = 0; y < h; y++)
      data.set(picture.data.subarray(4 * y * w, 4 * (y + 1) * w), 4 * ((top + y) * width + left));
  }
  return { data, width, height };
}
