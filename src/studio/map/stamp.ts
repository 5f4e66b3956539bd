// The brush's shapes: which pixels one dab sets. Not antialiased, symmetrical, as wide and as high as the brush's size.

import type { StampShape } from "../settings.ts";
import type { Span } from "./document.ts";

/** Row y of the stamp, from 0, covers the pixels from insets[y] to before size - insets[y]. */
export interface Stamp {
  readonly size: number;
  readonly insets: Uint8Array;
}

/** A place in the map, in pixels from its upper left corner, with fractions. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** @param size diameter in pixels; a whole number from 1 */
export function makeStamp(shape: StampShape, size: number): Stamp {
  const insets = new Uint8Array(size);
  const radius = size / 2;
  for (let y = 0; y < size; y++) {
    const dy = Math.abs(y + 0.5 - radius);
    if (shape === "diamond") insets[y] = Math.ceil(dy - 0.5);
    // Pixels whose centre is within the radius.
    else if (shape === "round") insets[y] = Math.ceil(radius - 0.5 - Math.sqrt(radius * radius - dy * dy));
  }
  return { size, insets };
}

/**
 * The upper left pixel of a stamp at a place. A stamp of odd size stands on the pixel that holds the place; one of even size on the pixels'
 * corner that is nearest.
 */
export const cornerOf = ({ x, y }: Place, size: number): Place => ({
  x: Math.floor(x - size / 2 + 0.5),
  y: Math.floor(y - size / 2 + 0.5),
});

/**
 * The pixels that a stamp sets while it moves along a straight line, at every pixel of the way; one span for each row.
 * @param from sub-pixel places; the ends are set too
 */
export function sweep({ size, insets }: Stamp, from: Place, to: Place): Span[] {
  const start = cornerOf(from, size);
  const end = cornerOf(to, size);
  const [dx, dy] = [end.x - start.x, end.y - start.y];
  const steps = Math.max(Math.abs(dx), Math.abs(dy));
  const top = Math.min(start.y, end.y);
  const rows = Math.abs(dy) + size;
  const lefts = new Int32Array(rows).fill(0x7fffffff);
  const rights = new Int32Array(rows).fill(-0x80000000);
  // Every row of a stamp reaches its middle, and steps go to a neighbour: what a row gets on the way has no holes.
  for (let i = 0; i <= steps; i++) {
    const x = start.x + (steps && Math.round((dx * i) / steps));
    const row = start.y - top + (steps && Math.round((dy * i) / steps));
    for (let r = 0; r < size; r++) {
      lefts[row + r] = Math.min(lefts[row + r], x + insets[r]);
      rights[row + r] = Math.max(rights[row + r], x + size - insets[r]);
    }
  }
  return Array.from(lefts, (x0, r) => ({ y: top + r, x0, x1: rights[r] }));
}
