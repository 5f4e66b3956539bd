// HostLists drive the gradients of a look-up: for each row of a table, the sum over all readers of that row. Without float atomics,
// in a fixed order.
//
//   order    the readers of the rows, row after row (counting sort, so ascending within a row)
//   rows     [2 + segments, 2]: (segments in use, 0); (start, length) in `order` of the readers that the bias gradient sums; then
//            (start, length) of each segment. The length is negated if the segment is cut
//   parts    [1 + parts, 4]: (parts in use, 0, 0, 0); then (start, end, row in `rows`, number of parts of that row, or 0 if not its first)
//
// A row with more readers than max(PART, sqrt(all)), like the sky of a large map, is cut into parts, so that no thread walks a whole
// region alone: each part is summed first, then the parts of a row in order.
// cost: two passes over the items; all lists of COCO val 1993 at 256x256 (6166 outer windows) 1.4 ms, at 128x128 0.8, one core, warm.

import { SpadeError } from "../runtime/errors.ts";
import { LIST_ALL, LIST_SEGMENTS, NO_EDGES, NO_WINDOW, PIXEL_ROW_SHIFT } from "../runtime/tensor.ts";
import { room } from "./room.ts";
import type { LevelWindows } from "./windows.ts";

/** Arrays of lists, ready as program inputs. If a scratch was given, they are views of it, valid until its next use. */
export interface HostLists {
  order: Int32Array;
  rows: Int32Array;
  parts: Int32Array;
}

/** Shapes of the i32 tensors that hold lists of a given capacity. */
export interface ListShapes {
  order: [number];
  rows: [number, 2];
  parts: [number, 4];
}

/** The smallest limit on items per part; one thread sums a part. */
export const PART = 128;

export function listShapes(items: number, segments: number): ListShapes {
  // A cut segment of n > PART items has at most n / PART + 1 < 2n / PART parts.
  return { order: [items], rows: [LIST_SEGMENTS + segments, 2], parts: [1 + Math.floor((2 * items) / PART), 4] };
}

/** Pixels by outer id. */
export const pixelListShapes = (pixels: number, outer: number): ListShapes => listShapes(pixels, outer);
/** Outer windows by (inner id, tap), and all of them. */
export const tapListShapes = (outer: number, inner: number, taps: number): ListShapes =>
  listShapes(outer * (taps + 1), inner * taps);
/** Windows of codes by (tap, label), and all of them; `channels`: w's second axis, the label channels padded to 4. */
export const labelListShapes = (windows: number, taps: number, channels: number, edges: boolean): ListShapes =>
  listShapes(windows * (taps * (edges ? 2 : 1) + 1), taps * channels);

/** Reusable memory for one kind of list. */
export class ListScratch {
  keys: Int32Array | undefined;
  values: Int32Array | undefined;
  order: Int32Array | undefined;
  rows: Int32Array | undefined;
  parts: Int32Array | undefined;
}

/** The most rows and columns that fit a packed position (16 bits each). */
const MOST = (1 << PIXEL_ROW_SHIFT) - 1;

/** Pixels by outer id, packed as row << PIXEL_ROW_SHIFT | column; images are stacked vertically. For `modulate`. */
export function pixelLists(
  { outerIds, outerCount, images, h, w }: Pick<LevelWindows, "outerIds" | "outerCount" | "images" | "h" | "w">,
  scratch: ListScratch = new ListScratch(),
): HostLists {
  if (images * h > MOST || w > MOST) {
    throw new SpadeError(
      "shape",
      "pixel lists",
      `${images} maps of ${w} x ${h} exceed ${MOST} rows or columns`,
      "use a smaller batch",
    );
  }
  const values = (scratch.values = room(scratch.values, images * h * w));
  for (let y = 0, i = 0; y < images * h; y++) for (let x = 0; x < w; x++, i++) values[i] = (y << PIXEL_ROW_SHIFT) | x;
  return sorted(scratch, outerIds, images * h * w, outerCount, 0);
}

/** Positions in `ids` by id. For `gatherRows`. */
export function idLists(ids: Int32Array, count: number, scratch: ListScratch = new ListScratch()): HostLists {
  const values = (scratch.values = room(scratch.values, ids.length));
  for (let i = 0; i < ids.length; i++) values[i] = i;
  return sorted(scratch, ids, ids.length, count, 0);
}

/**
 * The regions of pictures, for `regionPool`: those of each pixel, a factor for each (1 / its pixels, 1 without pixels), and the pixels of
 * each. Region n*channels + label has picture n's pixels with that label; of `edgeRow` (unless it is NO_EDGES) those at an edge.
 */
export function regionLists(
  codes: Int32Array,
  { images, channels, edgeRow }: { images: number; channels: number; edgeRow: number },
  scratch: ListScratch = new ListScratch(),
): { regions: Int32Array; scale: Float32Array; lists: HostLists } {
  const regions = new Int32Array(2 * codes.length).fill(-1);
  const scale = new Float32Array(images * channels);
  const keys = (scratch.keys = room(scratch.keys, 2 * codes.length));
  const values = (scratch.values = room(scratch.values, 2 * codes.length));
  let n = 0;
  for (let p = 0; p < codes.length; p++) {
    const first = Math.floor((p * images) / codes.length) * channels;
    const edge = edgeRow !== NO_EDGES && (codes[p] & 1) === 1;
    for (let i = 0; i < (edge ? 2 : 1); i++) {
      const region = (regions[2 * p + i] = first + (i ? edgeRow : codes[p] >> 1));
      scale[region]++;
      keys[n] = region;
      values[n++] = p;
    }
  }
  for (let r = 0; r < scale.length; r++) scale[r] = 1 / Math.max(1, scale[r]);
  return { regions, scale, lists: sorted(scratch, keys, n, images * channels, 0) };
}

/** Outer windows by inner id and tap (segment inner * taps + tap), and all of them. For `labelTable`. */
export function tapLists(
  { outerWindows, outerCount, innerCount, k }: Pick<LevelWindows, "outerWindows" | "outerCount" | "innerCount" | "k">,
  scratch: ListScratch = new ListScratch(),
): HostLists {
  const taps = k * k;
  const keys = (scratch.keys = room(scratch.keys, outerCount * taps));
  const values = (scratch.values = room(scratch.values, outerCount * (taps + 1)));
  let n = 0;
  for (let o = 0; o < outerCount; o++) {
    for (let t = 0; t < taps; t++, n++) {
      keys[n] = outerWindows[n] * taps + t;
      values[n] = o;
    }
  }
  for (let o = 0; o < outerCount; o++) values[n + o] = o;
  return sorted(scratch, keys, n, innerCount * taps, outerCount);
}

/**
 * Windows of codes by tap and label (segment tap * channels + label; edges under channel `edgeRow` unless it is NO_EDGES), and all windows
 * except the reserved row that is no window. For `windowGather`. `channels`: w's second axis.
 */
export function labelLists(
  windows: Int32Array,
  { count, taps, channels, edgeRow }: { count: number; taps: number; channels: number; edgeRow: number },
  scratch: ListScratch = new ListScratch(),
): HostLists {
  const most = count * taps * (edgeRow === NO_EDGES ? 1 : 2);
  const keys = (scratch.keys = room(scratch.keys, most));
  const values = (scratch.values = room(scratch.values, most + count));
  let n = 0;
  for (let row = 0, at = 0; row < count; row++) {
    for (let t = 0; t < taps; t++, at++) {
      const code = windows[at];
      if (code < 0) continue;
      keys[n] = t * channels + (code >> 1);
      values[n++] = row;
      if ((code & 1) === 1 && edgeRow !== NO_EDGES) {
        keys[n] = t * channels + edgeRow;
        values[n++] = row;
      }
    }
  }
  let all = 0;
  for (let row = 0; row < count; row++) if (windows[row * taps] !== NO_WINDOW) values[n + all++] = row;
  return sorted(scratch, keys, n, taps * channels, all);
}

/** HostLists of values[0..items) sorted stably by key; values[items..items + all) are the bias's readers. */
function sorted(scratch: ListScratch, keys: Int32Array, items: number, segments: number, all: number): HostLists {
  const values = scratch.values!;
  const total = items + all;
  const order = (scratch.order = room(scratch.order, total));
  const used = LIST_SEGMENTS + segments;
  const rows = (scratch.rows = room(scratch.rows, 2 * used)).fill(0, 0, 2 * used);
  const parts = (scratch.parts = room(scratch.parts, 4 * (1 + Math.floor((2 * total) / PART))));
  rows[0] = segments;
  rows[2 * LIST_ALL] = items;
  rows[2 * LIST_ALL + 1] = all;
  for (let i = 0; i < items; i++) rows[2 * (keys[i] + LIST_SEGMENTS) + 1]++;
  for (let s = LIST_SEGMENTS, at = 0; s < used; s++) {
    rows[2 * s] = at;
    at += rows[2 * s + 1];
  }
  for (let i = 0; i < items; i++) order[rows[2 * (keys[i] + LIST_SEGMENTS)]++] = values[i];
  for (let i = 0; i < all; i++) order[items + i] = values[items + i];
  const length = Math.max(PART, Math.ceil(Math.sqrt(total)));
  let made = 0;
  for (let s = LIST_ALL; s < used; s++) {
    const n = rows[2 * s + 1];
    // Sorting has moved a segment's start to its end.
    if (s !== LIST_ALL) rows[2 * s] -= n;
    if (n <= length) continue;
    const start = rows[2 * s];
    rows[2 * s + 1] = -n;
    for (let at = 0; at < n; at += length) {
      made++;
      parts[4 * made] = start + at;
      parts[4 * made + 1] = start + Math.min(n, at + length);
      parts[4 * made + 2] = s;
      parts[4 * made + 3] = at ? 0 : Math.ceil(n / length);
    }
  }
  parts.fill(0, 0, 4);
  parts[0] = made;
  return {
    order: order.subarray(0, total),
    rows: rows.subarray(0, 2 * used),
    parts: parts.subarray(0, 4 * (made + 1)),
  };
}
