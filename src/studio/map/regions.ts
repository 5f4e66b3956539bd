// Sets of pixels as spans: what a fill reaches, all pixels of a label, a rectangle. They change nothing, so they serve previews too.

import type { Span } from "./document.ts";
import type { Place } from "./stamp.ts";

/** What these functions read of a document. */
export interface Ids {
  readonly width: number;
  readonly height: number;
  readonly ids: Uint8Array;
}

/** The pixel that holds a place, as an index of ids; undefined outside the map. */
export function pixelAt({ width, height }: Ids, { x, y }: Place): number | undefined {
  return x >= 0 && y >= 0 && x < width && y < height ? Math.floor(y) * width + Math.floor(x) : undefined;
}

/**
 * The pixels of one id that are connected with a pixel through their sides.
 * @param from index of the pixel
 */
export function connected({ width, ids }: Ids, from: number): Span[] {
  const id = ids[from];
  const seen = new Uint8Array(ids.length);
  const spans: Span[] = [];
  const stack = [from];
  while (stack.length) {
    const p = stack.pop()!;
    if (seen[p]) continue;
    const y = Math.floor(p / width);
    const row = y * width;
    let [left, right] = [p, p + 1];
    while (left > row && ids[left - 1] === id) left--;
    while (right < row + width && ids[right] === id) right++;
    seen.fill(1, left, right);
    spans.push({ y, x0: left - row, x1: right - row });
    // One pixel of each run above and below is enough.
    for (const next of [row - width, row + width]) {
      if (next < 0 || next >= ids.length) continue;
      const end = right - row + next;
      for (let q = left - row + next, inside = false; q < end; q++) {
        const fits = ids[q] === id;
        if (fits && !inside && !seen[q]) stack.push(q);
        inside = fits;
      }
    }
  }
  return spans;
}

/** Runs of pixels of the map for which `holds`. @param holds for an id */
function runs({ width, ids }: Ids, { y, x0, x1 }: Span, holds: (id: number) => boolean, into: Span[]): void {
  const row = y * width;
  for (let x = x0; x < x1; x++) {
    if (!holds(ids[row + x])) continue;
    const start = x;
    while (x < x1 && holds(ids[row + x])) x++;
    into.push({ y, x0: start, x1: x });
  }
}

/** All pixels of a label. */
export function ofLabel(map: Ids, id: number): Span[] {
  const spans: Span[] = [];
  for (let y = 0; y < map.height; y++) runs(map, { y, x0: 0, x1: map.width }, (other) => other === id, spans);
  return spans;
}

/** The parts of spans that lie in the map and whose labels are not locked. */
export function unlocked(map: Ids, spans: Iterable<Span>, locked: ReadonlySet<number>): Span[] {
  const parts: Span[] = [];
  for (const { y, x0, x1 } of spans)
    if (y >= 0 && y < map.height)
      runs(map, { y, x0: Math.max(x0, 0), x1: Math.min(x1, map.width) }, (id) => !locked.has(id), parts);
  return parts;
}

/** The rectangle between two pixels, both included. */
export function rectangle(a: Place, b: Place): Span[] {
  const [x0, x1] = [Math.floor(Math.min(a.x, b.x)), Math.floor(Math.max(a.x, b.x)) + 1];
  const [y0, y1] = [Math.floor(Math.min(a.y, b.y)), Math.floor(Math.max(a.y, b.y)) + 1];
  return Array.from({ length: y1 - y0 }, (_, i) => ({ y: y0 + i, x0, x1 }));
}
