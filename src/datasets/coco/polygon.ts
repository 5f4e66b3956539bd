// Finds the pixels that a polygon covers, as skimage.draw.polygon does (0.16 and later): those whose centre is inside
// by the even-odd rule, on an edge or on a corner. O'Rourke's test (Computational Geometry in C, 7.4) counts how often
// rays to the right and to the left of the point cross the outline. Inside, both counts are odd; their parity differs
// only on the outline.

/** Distance per axis, in pixels, below which a pixel centre counts as being on a corner. */
const EPSILON = 1e-12;

/**
 * Calls `fill` for every pixel of a polygon within width x height. Corners are in pixels, pixel centres at whole
 * numbers. The outline may cross itself. The pixels of a row are tested only against the edges that reach that row.
 */
export function polygonPixels(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  width: number,
  height: number,
  fill: (x: number, y: number) => void,
): void {
  const corners = xs.length;
  if (corners === 0) return;
  const [minX, maxX] = range(xs, width);
  const [minY, maxY] = range(ys, height);
  for (let y = minY; y <= maxY; y++) {
    const edges: number[] = [];
    const here: number[] = [];
    for (let i = 0, before = corners - 1; i < corners; before = i++) {
      const [y0, y1] = [ys[i] - y, ys[before] - y];
      if (y0 > 0 !== y1 > 0 || y0 < 0 !== y1 < 0) edges.push(before);
      if (Math.abs(y0) < EPSILON) here.push(i);
    }
    for (let x = minX; x <= maxX; x++) if (covers(xs, ys, edges, here, x, y)) fill(x, y);
  }
}

/** First and last pixel that the corners span on one axis, cut to 0 .. size - 1. */
function range(values: ArrayLike<number>, size: number): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) [least, most] = [Math.min(least, values[i]), Math.max(most, values[i])];
  return [Math.trunc(Math.max(0, least)), Math.min(size - 1, Math.ceil(most))];
}

/**
 * Whether the polygon covers pixel (x, y). `edges`: first corners of the edges that touch row y; `here`: corners in row
 * y.
 */
function covers(
  xs: ArrayLike<number>,
  ys: ArrayLike<number>,
  edges: readonly number[],
  here: readonly number[],
  x: number,
  y: number,
): boolean {
  for (const corner of here) if (Math.abs(xs[corner] - x) < EPSILON) return true;
  let [right, left] = [false, false];
  for (const from of edges) {
    const to = from + 1 === xs.length ? 0 : from + 1;
    const [x0, y0, x1, y1] = [xs[to] - x, ys[to] - y, xs[from] - x, ys[from] - y];
    const crossing = (x0 * y1 - x1 * y0) / (y1 - y0);
    if (y0 > 0 !== y1 > 0 && crossing > 0) right = !right;
    if (y0 < 0 !== y1 < 0 && crossing < 0) left = !left;
  }
  return right || right !== left;
}
