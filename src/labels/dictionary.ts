// A dictionary of windows that is kept from map to map: known windows keep their numbers and new ones are appended, so the tables of
// gamma and beta only need rows for the new ones. An edit of 8 x 8 pixels brings about 6 % new windows.
//
// Windows that no longer occur keep their numbers. Once more than twice as many outer windows are numbered as the map has, all windows
// are renumbered, so tables never need more than twice the rows of the map. A map that differs from the one before
// in more than half of its pixels starts anew: two COCO maps shared under 1 % of their windows.
// cost: a new 256x256 COCO map takes 0.9 to 1.1 x the time of a dictionary of its own (windows.ts); among the windows of the maps before, 1.1
// to 2.1 x.

import { SpadeError } from "../runtime/errors.ts";
import { NO_WINDOW, OUTSIDE_CODE, OUTSIDE_INNER } from "../runtime/tensor.ts";
import { room } from "./room.ts";
import {
  allPicks,
  expandWindows,
  INNER,
  numberWindows,
  Numbers,
  OUTER,
  WindowWork,
  type Found,
  type LevelWindows,
  type LiveNumbers,
  type Rows,
  type WindowKind,
} from "./windows.ts";

/** Renumber when more than this many times the map's outer windows are numbered. */
const MOST = 2;

let generations = 0;

/** Counts distinct ids. */
class Marks {
  private stamps = new Int32Array(1024);
  private stamp = 0;

  /** How many distinct ids occur in `ids`; all are in 0 .. total - 1. */
  distinct(ids: Int32Array, total: number): number {
    if (this.stamps.length < total) this.stamps = new Int32Array(2 ** Math.ceil(Math.log2(total)));
    const { stamps } = this;
    const stamp = ++this.stamp;
    let count = 0;
    for (let i = 0, last = -1; i < ids.length; i++) {
      const id = ids[i];
      if (id === last || stamps[id] === stamp) continue;
      stamps[(last = id)] = stamp;
      count++;
    }
    return count;
  }
}

/** The dictionary of one resolution. The arrays of its results are valid until its next use. */
export class LiveWindows {
  private readonly inner = new Numbers();
  private readonly outer = new Numbers();
  private readonly found: { inner: Found; outer: Found } = { inner: {}, outer: {} };
  /** The last result of rowsFrom. */
  private rows: { from: number; rows: Rows } | undefined;
  private readonly marks = new Marks();
  private generation = 0;
  private k = 0;
  private local: Int32Array | undefined;
  private places: Int32Array | undefined;
  private picks: Int32Array | undefined;
  private innerRows: Int32Array | undefined;
  /** The codes of the map before. */
  private before: Int32Array | undefined;
  private outerRows: Int32Array | undefined;

  /** @param work scratch memory; levels may share it */
  constructor(private readonly work = new WindowWork()) {}

  /**
   * The windows of a map. Counts are of this map; `innerWindows` and `outerWindows` are empty: `live.rowsFrom` returns the windows that
   * tables lack, `live.anew` a dictionary of this map alone.
   */
  update(input: { codes: Int32Array; images: number; h: number; w: number; k: number }): LevelWindows {
    const { codes, images, h, w, k } = input;
    if (k % 2 === 0 || k < 1) throw new SpadeError("shape", "windows", `kernel ${k}`, "give an odd kernel");
    const size = images * h * w;
    let isExact = this.isNew(codes, size, k);
    const number = (exact: boolean): [innerCount: number, outerCount: number] => {
      isExact = exact;
      if (exact) this.reset(k);
      this.rows = undefined;
      const of = (numbers: Numbers, found: Found, values: Int32Array, kind: WindowKind): number => {
        numberWindows(this.work, numbers, found, values, { images, h, w, k, ...kind });
        const { count } = numbers.stacks;
        return exact ? count : this.marks.distinct(found.ids!.subarray(0, size), count + kind.firstId);
      };
      const { inner, outer } = this.found;
      return [1 + of(this.inner, inner, codes, INNER), of(this.outer, outer, inner.ids!.subarray(0, size), OUTER)];
    };
    let [innerCount, outerCount] = number(isExact);
    if (this.outer.stacks.count > MOST * outerCount) [innerCount, outerCount] = number(true);
    const innerIds = this.found.inner.ids!.subarray(0, size);
    const outerIds = this.found.outer.ids!.subarray(0, size);
    const none = new Int32Array(0);
    const found = { h, w, k, images, codes: codes.subarray(0, size), innerIds, innerCount, outerIds, outerCount };
    const live = (): LiveNumbers => ({
      generation: this.generation,
      total: this.outer.stacks.count,
      rowsFrom: (from) => this.rowsFrom(from),
      anew: () => {
        if (!isExact) number(true);
        const { innerWindows, outerWindows } = this.rowsFrom(0);
        return { ...found, innerWindows, outerWindows, live: live() };
      },
    });
    return { ...found, innerWindows: none, outerWindows: none, live: live() };
  }

  /** Whether a map has so little in common with the one before that known windows would only be in the way. */
  private isNew(codes: Int32Array, size: number, k: number): boolean {
    const { before } = this;
    let equal = 0;
    if (before && k === this.k) for (let i = 0; i < size; i++) if (codes[i] === before[i]) equal++;
    this.before = room(before, size);
    this.before.set(codes.subarray(0, size));
    return equal * 2 < size;
  }

  private reset(k: number): void {
    this.k = k;
    this.inner.reset(k, true);
    this.outer.reset(k, true);
    this.generation = ++generations;
  }

  private rowsFrom(from: number): Rows {
    if (this.rows?.from !== from) this.rows = { from, rows: this.rowsOf(from) };
    return this.rows.rows;
  }

  private rowsOf(from: number): Rows {
    const { k } = this;
    if (from === 0) {
      // Almost every inner window occurs at every tap: all of them are picked.
      const { inner, outer } = this.found;
      const innerCount = expandWindows(this.inner, inner, k, INNER);
      const outerCount = expandWindows(this.outer, outer, k, OUTER);
      const rows = (count: number, { windows }: Found): Int32Array => windows!.subarray(0, count * k * k);
      const picks = (this.picks = room(this.picks, innerCount * k * k)).subarray(0, innerCount * k * k);
      return {
        innerCount,
        innerWindows: rows(innerCount, inner),
        outerCount,
        outerWindows: rows(outerCount, outer),
        pickCount: innerCount,
        picks: allPicks(innerCount, k * k, picks),
      };
    }
    const { stacks } = this.outer;
    const outerCount = Math.max(0, stacks.count - from);
    const taps = k * k;
    const outerWindows = (this.outerRows = room(this.outerRows, outerCount * taps));
    // local[id]: the inner window's number among those used here; 0: not used yet.
    const local = (this.local = room(this.local, this.inner.stacks.count + 1)).fill(0, 0, this.inner.stacks.count + 1);
    const named: number[] = [];
    writeWindows(this.outer, from, k, OUTSIDE_INNER, outerWindows);
    // places[tap, id]: the row of picks that holds inner window id for that tap; 0: none yet.
    const ids = this.inner.stacks.count + 1;
    const places = (this.places = room(this.places, taps * ids)).fill(0, 0, taps * ids);
    const picks = (this.picks = room(this.picks, (outerCount + 1) * taps)).fill(0, 0, taps);
    const used = new Int32Array(taps);
    for (let i = 0; i < outerCount; i++) {
      for (let tap = 0; tap < taps; tap++) {
        const id = outerWindows[i * taps + tap];
        if (id === OUTSIDE_INNER) continue;
        if (local[id] === 0) local[id] = named.push(id);
        let place = places[tap * ids + id];
        if (place === 0) {
          place = places[tap * ids + id] = ++used[tap];
          picks[place * taps + tap] = local[id];
        }
        outerWindows[i * taps + tap] = place;
      }
    }
    // Taps that use fewer inner windows fill their remaining rows with 0, "outside".
    const pickCount = 1 + Math.max(0, ...used);
    for (let tap = 0; tap < taps; tap++)
      for (let place = used[tap] + 1; place < pickCount; place++) picks[place * taps + tap] = 0;
    const innerCount = named.length + 1;
    const innerWindows = (this.innerRows = room(this.innerRows, innerCount * taps));
    innerWindows.fill(NO_WINDOW, 0, taps);
    named.forEach((id, i) =>
      writeWindow(this.inner, id - INNER.firstId, k, OUTSIDE_CODE, innerWindows, (i + 1) * taps),
    );
    return {
      innerCount,
      innerWindows: innerWindows.subarray(0, innerCount * taps),
      outerCount,
      outerWindows: outerWindows.subarray(0, outerCount * taps),
      pickCount,
      picks: picks.subarray(0, pickCount * taps),
    };
  }
}

/** The k*k values of window `index`. */
function writeWindow(
  { runs, stacks }: Numbers,
  index: number,
  k: number,
  outside: number,
  to: Int32Array,
  at: number,
): void {
  for (let i = 0; i < k; i++) {
    const run = stacks.keys[index * k + i];
    for (let j = 0; j < k; j++) to[at++] = run === 0 ? outside : runs.keys[(run - 1) * k + j];
  }
}

function writeWindows(numbers: Numbers, from: number, k: number, outside: number, to: Int32Array): void {
  for (let i = from, at = 0; i < numbers.stacks.count; i++, at += k * k) writeWindow(numbers, i, k, outside, to, at);
}
