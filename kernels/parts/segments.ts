// kernels/parts/segments.ts: sums of rows over lists, the adjoint of looking rows up in a table
//
//   y[r,:] = sum of x[i,:] over the items i of segment r
//
// Not an op of its own: look-ups record it in their backwards through `segmentSums()`. The host makes the lists (src/labels/lists.ts) as
// three i32 tensors: `order` holds the items of one segment after another, `rows` a segment's start and length, `parts` the pieces of
// long segments. There are no atomics, and the order is fixed, so two runs agree bit for bit. A thread sums one segment of up to some 128
// items (src/labels/lists.ts: PART). A longer one is cut into parts of that size: its length is stored negated, its parts are summed as
// rows of `sums`, and a second dispatch (joinParts) adds them, in order.
// traffic: x once, and 4 bytes for each item and vec4 of columns. Lanes lie over columns, so that a row of x is one contiguous run.

import joinText from "../../shaders/parts/segments_join.wgsl";
import rangeText from "../../shaders/parts/segments_range.wgsl";
import sumText from "../../shaders/parts/segments_sum.wgsl";
import {
  describe,
  LIST_ALL,
  LIST_SEGMENTS,
  product,
  read,
  readScalars,
  SpadeError,
  write,
  type Binding,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { rowGrid, wideRowGrid } from "./grid.ts";

/** The readers of each row of a table, from src/labels/lists.ts. */
export interface Lists {
  /** i32 [items] */
  order: Tensor;
  /** i32 [LIST_SEGMENTS + segments, 2] */
  rows: Tensor;
  /** i32 [1 + parts, 4] */
  parts: Tensor;
}

/** @throws SpadeError usage when an op is differentiated that was recorded without lists */
export function needLists(lists: Lists | undefined, where: string, maker: string): Lists {
  if (!lists)
    throw new SpadeError(
      "usage",
      where,
      "is differentiated and was recorded without lists",
      `give the op \`lists\`, made by ${maker} of src/labels/lists.ts`,
    );
  return lists;
}

/** The most parts that lists of this capacity have. */
export const partsOf = (lists: Lists): number => lists.parts.shape[0] - 1;

/** What joinParts adds, and where to. */
export interface Join {
  /** vec4 columns */
  c4: number;
  /** Rows of `lists.rows` that y's rows stand for: `count` of them, from `first` on. */
  first: number;
  count: number;
  /** `sums` holds `stride` rows a part, of which row `offset` is added; 1 and 0 by default. */
  stride?: number;
  offset?: number;
  /** vec4 of y to which the sum of the first row goes; 0 by default. */
  to?: number;
}

/** Writes the rows of y whose segments were cut: sums of their parts' sums, in order. */
export function joinParts(g: Graph, lists: Lists, sums: Tensor, y: Tensor, p: Join): void {
  const parts = partsOf(lists);
  const grid = rowGrid(p.c4, parts);
  g.dispatch({
    shader: { name: "segments_join", text: joinText },
    constants: grid.constants,
    sizes: {
      C4: p.c4,
      FIRST: p.first,
      COUNT: p.count,
      STRIDE: p.stride ?? 1,
      OFFSET: p.offset ?? 0,
      TO: p.to ?? 0,
    },
    bindings: { sums: read(sums), parts: read(lists.parts), y: write(y) },
    groups: grid.groups,
    flops: parts * p.c4 * 4,
    bytes: sums.bytes + lists.parts.bytes,
  });
}

export interface SegmentSums {
  x: Tensor;
  /** Of x's shape: elements of x count where it is above zero. */
  mask?: Tensor;
  lists: Lists;
  /** f32 [segments, columns]: receives the sums. */
  y: Tensor;
  /** Receives the sum over the list of all readers (LIST_ALL); its columns are x's. */
  all?: Tensor;
  /** vec4 columns: of a row of x, the first one used (0 by default), and how many are used. */
  x4: number;
  col?: number;
  c4: number;
}

export function segmentSums(g: Graph, { x, mask, lists, y, all, x4, col = 0, c4 }: SegmentSums): void {
  const segments = lists.rows.shape[0] - LIST_SEGMENTS;
  if (product(y.shape.slice(0, -1)) !== segments) {
    throw new SpadeError(
      "shape",
      describe(y),
      `has ${product(y.shape.slice(0, -1))} rows and its lists ${segments} segments`,
      "make the lists with this table's capacity",
    );
  }
  const parts = partsOf(lists);
  const items = lists.order.shape[0];
  const source: Record<string, Binding> = mask ? { x: read(x), mask: read(mask) } : { x: read(x) };
  /** Sums the parts of cut segments (`cut`), or `count` whole segments from row `first` of `lists.rows` on. */
  const sum = (to: Tensor, cut: boolean, first: number, count: number, start: number): void => {
    const grid = wideRowGrid(g.target, c4, count);
    g.dispatch({
      shader: { name: "segments_sum", text: `${sumText}\n${rangeText}` },
      constants: { ...grid.constants, masked: !!mask, parts: cut, LIST_SEGMENTS },
      sizes: { C4: c4, X4: x4, COL: col, ...(cut ? {} : { FIRST: first, COUNT: count, TO: start }) },
      bindings: {
        ...source,
        order: readScalars(lists.order),
        ...(cut ? { parts: read(lists.parts) } : { rows: readScalars(lists.rows) }),
        y: write(to),
      },
      groups: grid.groups,
      flops: count === 1 ? 0 : items * c4 * 4,
      bytes: count === 1 ? 0 : Math.min(x.bytes, items * c4 * 16) + items * 4 + to.bytes,
    });
  };
  const sums = parts > 0 ? g.temp("sums", [parts, c4 * 4]) : undefined;
  if (sums) sum(sums, true, 0, parts, 0);
  for (const [to, first, count, start] of [
    [y, LIST_SEGMENTS, segments, 0],
    [all, LIST_ALL, 1, col],
  ] as const) {
    if (!to) continue;
    sum(to, false, first, count, start);
    if (sums) joinParts(g, lists, sums, to, { c4, first, count, to: start });
  }
}
