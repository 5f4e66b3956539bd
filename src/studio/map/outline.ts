// The border of a set of pixels, along their edges.

import type { Span } from "./document.ts";

/** Corners of a closed line along pixel edges, x and y in turn. The set is on the right of the way: outside borders run clockwise. */
export type Loop = readonly number[];

// Directions: 0 right, 1 down, 2 left, 3 up.
const DX = [1, 0, -1, 0];
const DY = [0, 1, 0, -1];

/**
 * @param spans in any order; they may overlap
 * @returns the borders of the set and of its holes; pixels that touch by a corner only have borders of their own
 */
export function outline(spans: readonly Span[]): Loop[] {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { y, x0, x1 } of spans) {
    if (x1 <= x0) continue;
    left = Math.min(left, x0);
    right = Math.max(right, x1);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y + 1);
  }
  if (!(right > left)) return [];
  // A frame of one pixel around the set spares questions about the end of the mask.
  const width = right - left + 2;
  const mask = new Uint8Array(width * (bottom - top + 2));
  for (const { y, x0, x1 } of spans) {
    const row = (y - top + 1) * width + 1 - left;
    if (x1 > x0) mask.fill(1, row + x0, row + x1);
  }

  // edges[p]: bit d is set if an edge leaves the upper left corner of pixel p in direction d.
  const edges = new Uint8Array(mask.length);
  for (let p = width; p < mask.length; p++) {
    if (mask[p] !== mask[p - width]) edges[mask[p] ? p : p + 1] |= mask[p] ? 1 : 4;
    if (mask[p] !== mask[p - 1]) edges[mask[p] ? p + width : p] |= mask[p] ? 8 : 2;
  }

  const loops: number[][] = [];
  const ahead = [1, width, -1, -width];
  for (let start = 0; start < edges.length; start++) {
    while (edges[start]) {
      const loop: number[] = [];
      let [p, d] = [start, Math.log2(edges[start] & -edges[start])];
      let [x, y] = [(p % width) - 1 + left, Math.floor(p / width) - 1 + top];
      do {
        loop.push(x, y);
        const bit = 1 << d;
        while (edges[p] & bit) {
          edges[p] &= ~bit;
          p += ahead[d];
          x += DX[d];
          y += DY[d];
          // Where two borders meet, each turns to the right and so stays with its pixel.
          if (p === start || edges[p] & (1 << ((d + 1) & 3))) break;
        }
        d = edges[p] & (1 << ((d + 1) & 3)) ? (d + 1) & 3 : (d + 3) & 3;
      } while (p !== start);
      loops.push(loop);
    }
  }
  return loops;
}
