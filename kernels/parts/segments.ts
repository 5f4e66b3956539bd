// kernels/parts/segments.ts: sums of rows over lists, the transpose of looking rows up
//
//   y[r,:] = sum of x[i,:] over the items i of segment r
//
// Not an op of its own: look-ups record it in their backward through `segmentSums()`. Lists come from the host (src/labels/lists.ts), as
// three i32 tensors. No atomics, and one fixed order: two runs agree bit for bit. No thread walks a long segment alone: it is cut into
// parts of some 128 items; a part is a row of sums, and the thread of the first part adds the row's parts.
// traffic: x once, and 4 bytes an item and vec4 of columns; lanes lie over columns, so that a row of x is one run.

import joinText from "../../shaders/parts/segments_join.wgsl";
import sumText from "../../shaders/parts/segments_sum.wgsl";
import {
  ceilDiv,
  describe,
  product,
  read,
  readScalars,
  SpadeError,
  write,
  type Binding,
  type Count,
  type Graph,
  type Groups,
  type Target,
  type Tensor,
} from "../../src/runtime/index.ts";

/** What reads each row of a table, from src/labels/lists.ts. */
export interface Lists {
  /** i32 [items] */
  order: Tensor;
  /** i32 [2 + segments, 2] */
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

/** Rows of one layer of a grid's third dimension. */
export const Y_SPAN = 32768 * 8;

/** Lanes over channels, as many as there are of them; the rest of a workgroup of 64 over rows. */
export function lanes(c4: number): { LX: number; LY: number } {
  const LX = c4 >= 8 ? 8 : c4 > 2 ? 4 : c4;
  return { LX, LY: 64 / LX };
}

/**
 * Lanes as `lanes`, and how many vec4 of columns a thread makes: on software adapters up to four, so that what a row says (lists, ids) is
 * read once for them, and a quarter of the workgroups is started.
 */
export function wideLanes({ software }: Target, c4: number): { LX: number; LY: number; COLUMNS: number } {
  const { LX, LY } = lanes(c4);
  return { LX, LY, COLUMNS: software ? Math.min(4, ceilDiv(c4, LX)) : 1 };
}

/** Workgroups of `lanes` for rows times c4 (columns times that, of wideLanes); `count`: some `per` rows stand for each of its items. */
export function rowGroups(c4: number, rows: number, count?: Count, per = 1, columns = 1): Groups {
  const { LX, LY } = lanes(c4);
  const whole = rows <= Y_SPAN;
  return [
    ceilDiv(c4, LX * columns),
    count && whole && LY % per === 0 ? { count, per: LY / per } : ceilDiv(Math.min(rows, Y_SPAN), LY),
    ceilDiv(rows, Y_SPAN),
  ];
}

/** Parts that lists of this capacity may have. */
export const partsOf = (lists: Lists): number => lists.parts.shape[0] - 1;

/** Rows `first..` of `lists.rows` that were cut, from the sums of their parts. `sums` holds `stride` rows a part; row `offset` is taken. */
export function joinParts(
  g: Graph,
  lists: Lists,
  sums: Tensor,
  y: Tensor,
  p: { c4: number; first: number; count: number; stride?: number; offset?: number; to?: number },
): void {
  const parts = partsOf(lists);
  g.dispatch({
    shader: { name: "segments_join", text: joinText },
    constants: lanes(p.c4),
    sizes: {
      C4: p.c4,
      FIRST: p.first,
      COUNT: p.count,
      STRIDE: p.stride ?? 1,
      OFFSET: p.offset ?? 0,
      TO: p.to ?? 0,
      YSPAN: Y_SPAN,
    },
    bindings: { sums: read(sums), parts: read(lists.parts), y: write(y) },
    groups: rowGroups(p.c4, parts),
    flops: parts * p.c4 * 4,
    bytes: sums.bytes + lists.parts.bytes,
  });
}

/** Where the segments' sums go: `y` is [segments, columns], f32. */
export interface SegmentSums {
  x: Tensor;
  /** Of x's shape: only where it is above zero does x count. */
  mask?: Tensor;
  lists: Lists;
  y: Tensor;
  /** The sum over the list of the whole table; its columns are x's. */
  all?: Tensor;
  /** vec4 columns: of a row of x, the first one taken, and how many. */
  x4: number;
  col?: number;
  c4: number;
}

export function segmentSums(g: Graph, { x, mask, lists, y, all, x4, col = 0, c4 }: SegmentSums): void {
  const segments = lists.rows.shape[0] - 2;
  if (product(y.shape.slice(0, -1)) !== segments) {
    throw new SpadeError(
      "shape",
      describe(y),
      `has ${product(y.shape.slice(0, -1))} rows and its lists ${segments} segments`,
      "make the lists with this table's capacity",
    );
  }
  const wide = wideLanes(g.target, c4);
  const parts = partsOf(lists);
  const items = lists.order.shape[0];
  const source: Record<string, Binding> = mask ? { x: read(x), mask: read(mask) } : { x: read(x) };
  const sum = (to: Tensor, cut: boolean, first: number, count: number, start: number): void => {
    g.dispatch({
      shader: { name: "segments_sum", text: sumText },
      constants: { ...wide, masked: !!mask, parts: cut },
      sizes: { C4: c4, X4: x4, COL: col, YSPAN: Y_SPAN, ...(cut ? {} : { FIRST: first, COUNT: count, TO: start }) },
      bindings: {
        ...source,
        order: readScalars(lists.order),
        ...(cut ? { parts: read(lists.parts) } : { rows: readScalars(lists.rows) }),
        y: write(to),
      },
      groups: rowGroups(c4, count, undefined, 1, wide.COLUMNS),
      flops: count === 1 ? 0 : items * c4 * 4,
      bytes: count === 1 ? 0 : Math.min(x.bytes, items * c4 * 16) + items * 4 + to.bytes,
    });
  };
  const sums = parts > 0 ? g.temp("sums", [parts, c4 * 4]) : undefined;
  if (sums) sum(sums, true, 0, parts, 0);
  for (const [to, first, count, start] of [
    [y, 2, segments, 0],
    [all, 1, 1, col],
  ] as const) {
    if (!to) continue;
    sum(to, false, first, count, start);
    if (sums) joinParts(g, lists, sums, to, { c4, first, count, to: start });
  }
}
