// The dictionary of windows: SPADE's label path is computed once per distinct window instead of once per pixel.
//
//   actv = relu(b1 + W1 * onehot(label, edge))    sees k x k codes      -> "inner" windows: distinct k x k windows of codes
//   gamma, beta = b2 + W2 * actv                  sees k x k of actv    -> "outer" windows: distinct k x k windows of inner ids
//
// Both convolutions pad with zeros. Outside the image the one-hot tensor is zero (code -1: no weight column is added), and
// actv is zero, not relu(b1) (inner id 0: a zero row of the table).
//
// Windows are numbered in two steps: ids of horizontal runs of k values, then ids of vertical stacks of k run ids; equal
// windows are equal stacks. A stretch of equal runs, or of equal stacks, is looked up once; most of a real map is such stretches.
// cost: a real 256x256 COCO map with edges, levels 8..256, k = 3: 3.4 ms (1.7 to 5.8 over 21 maps; bench/labels.ts), most of
// it look-ups at boundaries. traffic: about 4 reads and 4 writes of an int32 per pixel and stage.

import { SpadeError } from "../runtime/errors.ts";
import { NO_WINDOW, OUTSIDE_CODE, OUTSIDE_INNER } from "../runtime/tensor.ts";
import { room } from "./room.ts";
import { TupleTable } from "./tuple_table.ts";

export interface LevelWindows {
  h: number;
  w: number;
  k: number;
  images: number;
  /** [N, h, w]: label*2 + edge. */
  codes: Int32Array;
  /** Set if windows are numbered over several maps; omitted: over this one alone. */
  live?: LiveNumbers;
  /** [N, h, w]: from 1 on, in order of first appearance in raster order; 0 is "outside the image". */
  innerIds: Int32Array;
  /** Rows of innerWindows, including the reserved row 0. */
  innerCount: number;
  /** [innerCount, k*k]: codes, -1 outside the image. Row 0 is all -2: its row in any table is zero. */
  innerWindows: Int32Array;
  /** [N, h, w]: from 0 on, in order of first appearance in raster order. */
  outerIds: Int32Array;
  outerCount: number;
  /** [outerCount, k*k]: inner ids, 0 outside the image. */
  outerWindows: Int32Array;
}

/**
 * Some outer windows, with the inner windows that they refer to. With picks, `outerWindows` holds for each tap a row of `picks`,
 * [pickCount, k*k], which holds for that tap a row of innerWindows; 0 means "outside the image". Without picks, like LevelWindows.
 */
export type Rows = Pick<LevelWindows, "innerCount" | "innerWindows" | "outerCount" | "outerWindows"> & {
  pickCount?: number;
  picks?: Int32Array;
};

/** Numbers of a level's windows that are kept from map to map (dictionary.ts). */
export interface LiveNumbers {
  /** Changes whenever the windows are renumbered. */
  readonly generation: number;
  /** Outer windows numbered so far; all outer ids are below it. */
  readonly total: number;
  /** The outer windows with numbers >= `from`. */
  rowsFrom(from: number): Rows;
  /** Renumbers the windows of the same map from 0, as a new generation. */
  anew(): LevelWindows;
}

/** Numbers of the windows of one kind: of horizontal runs, and of stacks of runs (the windows). */
export class Numbers {
  readonly runs = new TupleTable();
  readonly stacks = new TupleTable();

  /** Forgets every window of k x k. */
  reset(k: number, wide = false): void {
    this.runs.reset(k, wide);
    this.stacks.reset(k, wide);
  }
}

/** Scratch memory that levels share, as they are processed one after another. */
export class WindowWork {
  readonly numbers = new Numbers();
  line: Int32Array | undefined;
  runIds: Int32Array | undefined;
  ends: Int32Array | undefined;
}

/** Reusable memory of one LevelWindows. A result's arrays are views of it, valid until the next call with the same scratch. */
export class WindowScratch {
  readonly work: WindowWork;
  readonly inner: Found = {};
  readonly outer: Found = {};
  constructor(work = new WindowWork()) {
    this.work = work;
  }
}

export interface Found {
  ids?: Int32Array;
  windows?: Int32Array;
}

/**
 * The distinct windows of a batch of code maps [N, h, w]; images share the dictionary, windows never cross images. k is odd.
 * Without a scratch the result owns its memory; with one, its arrays (views of the scratch) are valid until the scratch's
 * next use, and a warm call allocates nothing but those views. `codes` is passed on, not copied.
 */
export function buildWindows(
  input: { codes: Int32Array; images: number; h: number; w: number; k: number },
  scratch: WindowScratch = new WindowScratch(),
): LevelWindows {
  const { codes, images, h, w, k } = input;
  if (![images, h, w, k].every((n) => Number.isInteger(n) && n >= 1) || k % 2 === 0) {
    throw new SpadeError(
      "shape",
      "windows",
      `${images} maps of ${h} x ${w}, kernel ${k}`,
      "give whole sizes and an odd kernel",
    );
  }
  if (codes.length < images * h * w) {
    throw new SpadeError("shape", "windows", `${codes.length} codes`, `give ${images} x ${h} x ${w} of them`);
  }
  const { work, inner, outer } = scratch;
  const size = images * h * w;
  const { numbers } = work;
  const find = (found: Found, values: Int32Array, kind: WindowKind): number => {
    numbers.reset(k);
    numberWindows(work, numbers, found, values, { images, h, w, k, ...kind });
    return expandWindows(numbers, found, k, kind);
  };
  const innerCount = find(inner, codes, INNER);
  const innerIds = inner.ids!.subarray(0, size);
  const outerCount = find(outer, innerIds, OUTER);
  return {
    h,
    w,
    k,
    images,
    codes: codes.length === size ? codes : codes.subarray(0, size),
    innerIds,
    innerCount,
    innerWindows: inner.windows!.subarray(0, innerCount * k * k),
    outerIds: outer.ids!.subarray(0, size),
    outerCount,
    outerWindows: outer.windows!.subarray(0, outerCount * k * k),
  };
}

/** The parameters that differ between inner windows (of codes) and outer ones (of inner ids). */
export interface WindowKind {
  /** The value outside the image. */
  readonly outside: number;
  /** Id of the first window; lower ids are reserved. */
  readonly firstId: number;
}

export const INNER: WindowKind = { outside: OUTSIDE_CODE, firstId: 1 };
export const OUTER: WindowKind = { outside: OUTSIDE_INNER, firstId: 0 };

/** Writes the ids of all windows to found.ids. Known windows keep their ids; new ones are numbered in order of first appearance. */
export function numberWindows(
  work: WindowWork,
  { runs, stacks }: Numbers,
  found: Found,
  values: Int32Array,
  { images, h, w, k, outside, firstId }: WindowKind & { images: number; h: number; w: number; k: number },
): void {
  const r = (k - 1) / 2;
  const padded = h + 2 * r;
  const runIds = (work.runIds = room(work.runIds, images * padded * w));
  const ends = (work.ends = room(work.ends, images * padded * w));
  const ids = (found.ids = room(found.ids, images * h * w));
  for (let n = 0; n < images; n++) {
    const top = n * padded * w;
    const bottom = top + (r + h) * w;
    runIds.fill(0, top, top + r * w).fill(0, bottom, bottom + r * w);
    ends.fill(w, top, top + r * w).fill(w, bottom, bottom + r * w);
    findRuns(work, runs, values, n * h * w, h, w, k, outside, runIds, ends, top + r * w);
    findStacks(stacks, runIds, ends, top, h, w, k, firstId, ids, n * h * w);
  }
}

/**
 * Finds the ids, from 1 on, of the horizontal runs of k values around each pixel of one image, and where each stretch of equal ids
 * ends. Run 0 lies outside the image.
 */
function findRuns(
  work: WindowWork,
  runs: TupleTable,
  values: Int32Array,
  from: number,
  h: number,
  w: number,
  k: number,
  outside: number,
  runIds: Int32Array,
  ends: Int32Array,
  to: number,
): void {
  const r = (k - 1) / 2;
  const line = (work.line = room(work.line, w + 2 * r));
  line.fill(outside, 0, r);
  line.fill(outside, r + w, w + 2 * r);
  for (let y = 0; y < h; y++) {
    const row = from + y * w;
    const out = to + y * w;
    for (let x = 0; x < w; x++) line[r + x] = values[row + x];
    // The run at x is line[x .. x+k-1]. It equals the run at x-1 if and only if line[x-1 .. x+k-1] are all equal.
    // `same`: first position of the stretch of equal values that ends at line[x+k-1].
    let same = 0;
    for (let p = 1; p < k; p++) if (line[p] !== line[p - 1]) same = p;
    for (let x = 0; x < w;) {
      const id = runs.idOf(line, x, 1) + 1;
      let end = x + 1;
      if (same <= x) {
        while (end < w && line[end + k - 1] === line[x]) end++;
      }
      if (end < w && line[end + k - 1] !== line[end + k - 2]) same = end + k - 1;
      for (; x < end; x++) {
        runIds[out + x] = id;
        ends[out + x] = end;
      }
    }
  }
}

/** Ids of the stacks of k run ids, in raster order of one image; `top` is its first padded row. */
function findStacks(
  stacks: TupleTable,
  runIds: Int32Array,
  ends: Int32Array,
  top: number,
  h: number,
  w: number,
  k: number,
  firstId: number,
  ids: Int32Array,
  to: number,
): void {
  for (let y = 0; y < h; y++) {
    const row = top + y * w;
    const out = to + y * w;
    for (let x = 0; x < w;) {
      const id = stacks.idOf(runIds, row + x, w) + firstId;
      let end = w;
      for (let d = 0, i = row + x; d < k; d++, i += w) if (ends[i] < end) end = ends[i];
      for (; x < end; x++) ids[out + x] = id;
    }
  }
}

/** The picks of tables if every tap uses every inner window: [count, taps], each row holding its own index. @param picks is filled */
export function allPicks(count: number, taps: number, picks: Int32Array = new Int32Array(count * taps)): Int32Array {
  for (let i = 0; i < count; i++) picks.fill(i, i * taps, (i + 1) * taps);
  return picks;
}

/** Writes the k*k values of each distinct window, row by row, after `firstId` reserved rows. */
export function expandWindows(
  { runs, stacks }: Numbers,
  found: Found,
  k: number,
  { outside, firstId }: WindowKind,
): number {
  const count = firstId + stacks.count;
  const windows = (found.windows = room(found.windows, count * k * k));
  windows.fill(NO_WINDOW, 0, firstId * k * k);
  let out = firstId * k * k;
  const runKeys = runs.keys;
  const stackKeys = stacks.keys;
  for (let i = 0; i < stacks.count * k; i++) {
    const run = stackKeys[i];
    for (let j = 0; j < k; j++) windows[out++] = run === 0 ? outside : runKeys[(run - 1) * k + j];
  }
  return count;
}
