// What SEAN's norms read of label maps besides SPADE's dictionary, on the host. ACE paints one vector a label and picture into a map and
// convolves it, 3x3; the result depends on nothing but a pixel's 3x3 painted labels and its picture. A style row is 1 + picture * S +
// painted label; row 0 stands for "outside". A style window is a 3x3 window of style rows. A pair is a row of SPADE's tables with a style
// window.

import { room } from "../../labels/room.ts";
import { TupleTable } from "../../labels/tuple_table.ts";
import { expandWindows, Numbers, numberWindows, OUTER, WindowWork, type LevelWindows } from "../../labels/windows.ts";
import { NO_EDGES, type Count } from "../../runtime/index.ts";
import { parseNormG, semanticNc, type Config } from "../config.ts";
import { edgeRow, levelKey, type TableRoom } from "../nets/table_room.ts";

/** Taps of conv_gamma and conv_beta. */
export const STYLE_TAPS = 9;

/** The capacities of one resolution. */
export interface StyleRoom {
  /** Style rows: always all of them. */
  readonly codes: Count;
  readonly styles: Count;
  readonly pairs: Count;
}

/** The room that goes with that of SPADE's tables: no map that fits these has more windows and pairs. */
export function styleRoom(c: Config, level: TableRoom, images: number): StyleRoom {
  const pixels = images * level.h * level.w;
  // With a kernel of 1, SPADE's windows are smaller than those of styles.
  const most = (rows: number): number =>
    level.mode === "dense" || parseNormG(c.norm_G).k === 1 ? pixels : Math.min(pixels, images * rows);
  const key = levelKey(level.h, level.w);
  return {
    codes: { name: "codes", capacity: 1 + images * semanticNc(c) },
    styles: { name: `styles ${key}`, capacity: most(level.inner.capacity) },
    pairs: { name: `pairs ${key}`, capacity: most(level.outer.capacity) },
  };
}

export interface StyleWindows {
  /** [N,h,w] */
  readonly ids: Int32Array;
  readonly count: number;
  /** [count, 9]: style rows */
  readonly windows: Int32Array;
  /** [N,h,w] */
  readonly pairIds: Int32Array;
  readonly pairCount: number;
  /** [pairCount, 2]: a style window, a row of SPADE's tables */
  readonly pairs: Int32Array;
}

/** Reusable memory; a result's arrays are views of it, valid until its next use. */
export class StyleScratch {
  readonly work = new WindowWork();
  readonly found: { ids?: Int32Array; windows?: Int32Array } = {};
  readonly numbers = new Numbers();
  readonly pairs = new TupleTable();
  values: Int32Array | undefined;
  pairIds: Int32Array | undefined;
}

/** The style windows of a batch. A pixel at an edge is painted as the edges' label, the last one. */
export function styleWindows(
  c: Config,
  { codes, images, h, w, outerIds }: Pick<LevelWindows, "codes" | "images" | "h" | "w" | "outerIds">,
  mode: TableRoom["mode"],
  scratch = new StyleScratch(),
): StyleWindows {
  const { work, found, numbers } = scratch;
  const size = images * h * w;
  const S = semanticNc(c);
  const edges = edgeRow(c);
  const values = (scratch.values = room(scratch.values, size));
  for (let p = 0; p < size; p++) {
    const painted = edges !== NO_EDGES && (codes[p] & 1) === 1 ? edges : codes[p] >> 1;
    values[p] = 1 + Math.floor(p / (h * w)) * S + painted;
  }
  numbers.reset(3);
  numberWindows(work, numbers, found, values, { images, h, w, k: 3, ...OUTER });
  const count = expandWindows(numbers, found, 3, OUTER);
  const ids = found.ids!;
  const pairIds = (scratch.pairIds = room(scratch.pairIds, size));
  const { pairs } = scratch;
  pairs.reset(2);
  const pair = new Int32Array(2).fill(-1);
  for (let p = 0, id = 0; p < size; p++) {
    const row = mode === "dense" ? p : outerIds[p];
    if (pair[0] !== ids[p] || pair[1] !== row) {
      pair[0] = ids[p];
      pair[1] = row;
      id = pairs.idOf(pair, 0, 1);
    }
    pairIds[p] = id;
  }
  return {
    ids: ids.subarray(0, size),
    count,
    windows: found.windows!.subarray(0, count * STYLE_TAPS),
    pairIds: pairIds.subarray(0, size),
    pairCount: pairs.count,
    pairs: pairs.keys.subarray(0, 2 * pairs.count),
  };
}
