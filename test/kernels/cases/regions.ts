// Cases of the ops on regions in kernels/labels/: what SEAN's norm needs.

import { idLists, listShapes, PART, regionLists } from "../../../src/labels/lists.ts";
import { product } from "../../../src/runtime/index.ts";
import {
  blendRowsGradients,
  blendRowsReference,
  labelLinearGradients,
  labelLinearReference,
  regionPoolGradient,
  regionPoolReference,
} from "../../reference/regions.ts";
import { noise } from "../../support/device.ts";
import {
  f32,
  i32,
  listData,
  listsOf,
  rowsOf,
  stored,
  type OpCase,
  type Tensors,
  type Values,
} from "../../support/op_case.ts";
import { SPARE } from "../../support/windows.ts";

interface Linear {
  n: number;
  labels: number;
  k: number;
  m: number;
}

const labelsOf = <T>({ labels }: Linear, make: (j: number) => T): T[] =>
  Array.from({ length: labels }, (_, j) => make(j));
const named = <T>(p: Linear, name: string, make: (j: number) => T): Record<string, T> =>
  Object.fromEntries(labelsOf(p, (j) => [`${name}${j}`, make(j)]));

const labelLinear: OpCase<"labelLinear", Linear> = {
  // Two labels, one picture: relu(1 * 2 + 1), relu(3 * -1 + 2)
  example: {
    of: { n: 1, labels: 2, k: 1, m: 1 },
    values: { x: [1, 3], w0: [2], w1: [-1], b0: [1], b1: [2] },
    gives: { y: [0, 3, 0] },
  },
  settings: [
    { n: 2, labels: 3, k: 8, m: 8 },
    { n: 3, labels: 1, k: 5, m: 6 },
    { n: 1, labels: 2, k: 70, m: 268 },
  ],
  data: (p) => ({
    x: f32([p.n * p.labels, p.k], 1),
    ...named(p, "w", (j) => stored([p.k, p.m], 2 + j)),
    ...named(p, "b", (j) => f32([p.m], 20 + j)),
  }),
  args: ({ x, ...t }, { labels }) => ({ x, labels, ...(t as Tensors) }),
  forward: (v, p) => ({
    y: labelLinearReference(
      v.x,
      labelsOf(p, (j) => v[`w${j}`]),
      labelsOf(p, (j) => v[`b${j}`]),
      [p.k, p.m],
    ),
  }),
  backward(v, p, { y }) {
    const made = labelLinearGradients(
      v.x,
      labelsOf(p, (j) => v[`w${j}`]),
      labelsOf(p, (j) => v[`b${j}`]),
      [p.k, p.m],
      y,
    );
    return { x: made.x, ...named(p, "w", (j) => made.w[j]), ...named(p, "b", (j) => made.b[j]) };
  },
  terms: (p) => ({
    y: p.k,
    x: p.m,
    ...named(p, "w", () => p.n),
    ...named(p, "b", () => p.n),
  }),
  f16: true,
};

interface Pool {
  x: readonly number[];
  labels: number;
  edges?: boolean;
  /** The label of every pixel; random ones if left out. */
  at?: readonly number[];
}

/** Codes of the pixels; the label 1 is that of no pixel. */
const codesOf = ({ x, labels, edges, at }: Pool): Int32Array =>
  Int32Array.from(at ?? noise(product(x.slice(0, 3)), 2).map((v) => (v < 0 ? 0 : labels - 1)), (label, i) =>
    edges && i % 5 === 0 ? 2 * label + 1 : 2 * label,
  );
const poolOf = (p: Pool): ReturnType<typeof regionLists> => {
  const channels = p.labels + (p.edges ? 1 : 0);
  return regionLists(codesOf(p), { images: p.x[0], channels, edgeRow: p.edges ? p.labels : -1 });
};
const regionCount = (p: Pool): number => p.x[0] * (p.labels + (p.edges ? 1 : 0));

const regionPool: OpCase<"regionPool", Pool> = {
  // Label 0 has pixels 1 and 3, label 1 has 10.
  example: {
    of: { x: [1, 1, 3, 1], labels: 2, at: [0, 1, 0] },
    values: { x: [1, 10, 3] },
    gives: { y: [2, 10] },
  },
  settings: [
    { x: [2, 5, 7, 6], labels: 3, edges: true },
    { x: [1, 30, 31, 9], labels: 3 },
  ],
  data(p) {
    const { regions, scale, lists } = poolOf(p);
    const pixels = product(p.x.slice(0, 3));
    return {
      x: stored(p.x, 1),
      regions: i32([pixels, 2], regions),
      scale: f32([regionCount(p)], scale),
      ...listData("regions", lists, listShapes(2 * pixels, regionCount(p))),
    };
  },
  args: ({ x, regions, scale, ...t }) => ({ x, regions, scale, lists: listsOf(t, "regions") }),
  forward: ({ x, regions }, p) => ({ y: regionPoolReference(x, p.x[3], regions, regionCount(p)) }),
  backward: ({ regions }, p, { y }) => ({ x: regionPoolGradient(y, p.x[3], regions, regionCount(p)) }),
  terms: (p) => ({ y: Math.min(2 * PART, product(p.x.slice(0, 3))), x: 2 }),
  f16: true,
};

interface Blend {
  c: number;
  /** Rows of the two tables. */
  tables: readonly [number, number];
  rows: number;
}

/** The last row of each table is in no pair. */
const pairsOf = ({ tables: [a, b], rows }: Blend): Int32Array =>
  Int32Array.from({ length: 2 * rows }, (_, i) =>
    i % 2 ? (i * 5) % Math.max(1, b - 1) : (i * 3) % Math.max(1, a - 1),
  );
const column = (pairs: Int32Array, of: number): Int32Array => pairs.filter((_, i) => i % 2 === of);

const blendRows: OpCase<"blendRows", Blend> = {
  // Half of each.
  example: {
    of: { c: 2, tables: [1, 1], rows: 1 },
    values: { a: [1, 2], b: [3, 6], logit: [0] },
    gives: { y: [2, 4] },
  },
  settings: [
    { c: 6, tables: [5, 7], rows: 11 },
    { c: 33, tables: [3, 300], rows: 299 },
  ],
  data(p) {
    const pairs = pairsOf(p);
    const [capacity, all] = [p.rows + SPARE, new Int32Array(p.rows)];
    const padded = new Int32Array(2 * capacity);
    padded.set(pairs);
    return {
      a: rowsOf(stored, p.tables[0], p.c, noise(p.tables[0] * p.c, 1)),
      b: rowsOf(stored, p.tables[1], p.c, noise(p.tables[1] * p.c, 2)),
      logit: f32([1], 3),
      rows: i32([capacity, 2], padded),
      ...listData("a", idLists(column(pairs, 0), p.tables[0]), listShapes(capacity, p.tables[0])),
      ...listData("b", idLists(column(pairs, 1), p.tables[1]), listShapes(capacity, p.tables[1])),
      ...listData("all", idLists(all, 1), listShapes(capacity, 1)),
    };
  },
  args: ({ a, b, logit, rows, ...t }) => ({
    ...{ a, b, logit, rows },
    count: { name: "pairs", capacity: rows.shape[0] },
    lists: { a: listsOf(t, "a"), b: listsOf(t, "b"), all: listsOf(t, "all") },
  }),
  counts: ({ rows }) => ({ pairs: rows }),
  forward: ({ a, b, logit }, p) => ({ y: blendRowsReference(a, b, p.c, logit, pairsOf(p)) }),
  backward: ({ a, b, logit }: Values, p, { y }) => blendRowsGradients(a, b, p.c, logit, pairsOf(p), y),
  terms: (p) => ({ y: 2, a: p.rows, b: p.rows, logit: p.rows * p.c }),
  f16: true,
};

export const regionCases = { blendRows, labelLinear, regionPool };
