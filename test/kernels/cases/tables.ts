// Cases of the tables in kernels/labels/.

import { blockedShape, packBlocks, unpackBlocks } from "../../../kernels/parts/gemm.ts";
import { concat } from "../../../kernels/shape/concat.ts";
import { tapLists, tapListShapes } from "../../../src/labels/lists.ts";
import type { LevelWindows } from "../../../src/labels/windows.ts";
import { notDifferentiable, product } from "../../../src/runtime/index.ts";
import { labelTableGradients, labelTableReference } from "../../reference/label_table.ts";
import { noise } from "../../support/device.ts";
import { f32, i32, listData, listsOf, rowsOf, stored, type Data, type OpCase } from "../../support/op_case.ts";
import { pickedRows, SPARE, windowsOf } from "../../support/windows.ts";

type Shape = readonly number[];

interface Table {
  map: Shape;
  k: number;
  hidden: number;
  c: number;
  plain?: boolean;
  /** Spare rows, so that W is turned and multiplied in slices of columns. */
  spare?: number;
}

const levelOf = ({ map, k, plain }: Table): LevelWindows => windowsOf(map, { k, plain });
const tableWeights = ({ c, hidden, k }: Table): number[] => [c, hidden, k, k];

/** Weights OIHW in blocks of columns. */
function blockedWeights(oihw: Shape, seed: number): Data {
  const [o, i, kh, kw] = oihw;
  return stored(blockedShape(kh * kw, i, o), noise(product(oihw), seed), {
    pack: (v) => packBlocks(v, oihw),
    unpack: (v) => unpackBlocks(v, oihw),
    zeroPadded: true,
  });
}

/** Integers of the rows in use, in a tensor of `capacity` rows. */
function padded(values: ArrayLike<number>, capacity: number, width: number): Data {
  const all = new Int32Array(capacity * width);
  all.set(values);
  return i32([capacity, width], all);
}

/** Rows of A, of which row 0 is zero. */
const rowsOfA = (rows: number, width: number): Float32Array => noise(rows * width, 1).fill(0, 0, width);

const labelTable: OpCase<"labelTable", Table> = {
  // One window, of inner window 1.
  example: {
    of: { map: [1, 1, 1], k: 1, hidden: 4, c: 2, plain: true },
    values: { a: [0, 0, 0, 0, 1, 2, 3, 4], w: [1, 1, 1, 1, 0, 0, 0, 10], bias: [5, 6] },
    gives: { y: [15, 46] },
  },
  settings: [
    { map: [2, 5, 4], k: 3, hidden: 8, c: 6 },
    { map: [1, 1, 9], k: 5, hidden: 12, c: 3 },
    { map: [1, 13, 17], k: 3, hidden: 128, c: 39 },
    { map: [2, 12, 15], k: 3, hidden: 128, c: 20 },
    { map: [1, 14, 14], k: 1, hidden: 20, c: 37, plain: true },
    { map: [1, 9, 11], k: 3, hidden: 8, c: 70, spare: 8000 },
  ],
  data(p) {
    const lw = levelOf(p);
    const [inner, outer] = [lw.innerCount + (p.spare ?? SPARE), lw.outerCount + SPARE];
    return {
      a: rowsOf(stored, inner, p.hidden, rowsOfA(lw.innerCount, p.hidden)),
      w: blockedWeights(tableWeights(p), 2),
      bias: f32([p.c], 3),
      windows: padded(lw.outerWindows, outer, p.k ** 2),
      ...listData("taps", tapLists(lw), tapListShapes(outer, inner, p.k ** 2)),
    };
  },
  args: ({ a, w, bias, windows, ...t }) => ({
    ...{ a, w, bias, windows },
    inner: { name: "inner", capacity: a.shape[0] },
    outer: { name: "outer", capacity: windows.shape[0] },
    lists: listsOf(t, "taps"),
  }),
  counts(p) {
    const lw = levelOf(p);
    return { inner: lw.innerCount, outer: lw.outerCount };
  },
  forward: ({ a, w, bias }, p) => ({ y: labelTableReference(a, w, tableWeights(p), bias, levelOf(p).outerWindows) }),
  backward: ({ a, w }, p, { y }) => labelTableGradients(a, w, tableWeights(p), levelOf(p).outerWindows, y),
  terms(p) {
    const { outerCount } = levelOf(p);
    return { y: p.k ** 2 * p.hidden, a: p.k ** 2 * p.c, w: outerCount, bias: outerCount };
  },
  f16: true,
  variants: ["gemm", "label_table_dw"],
};

interface Pair extends Table {
  /** The first row that is made. */
  from: number;
}

const pairOf = (p: Pair) => ({ level: levelOf(p), ...pickedRows(levelOf(p).outerWindows, p.from, p.k ** 2) });

const labelTablePair: OpCase<"labelTablePair", Pair> = {
  // One window, of inner window 1, of the second of two norms.
  example: {
    of: { map: [1, 1, 1], k: 1, hidden: 4, c: 1, plain: true, from: 0 },
    values: {
      a: [0, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 1, 2, 3, 4],
      gamma: [1, 1, 1, 1],
      beta: [0, 0, 0, 10],
      gammaBias: [5],
      betaBias: [6],
    },
    gives: { gamma: [15], beta: [46] },
  },
  settings: [
    { map: [1, 13, 17], k: 3, hidden: 128, c: 39, from: 0 },
    { map: [1, 13, 17], k: 3, hidden: 128, c: 39, from: 40 },
    { map: [2, 5, 4], k: 5, hidden: 12, c: 64, spare: 3, from: 7 },
    { map: [1, 14, 14], k: 1, hidden: 20, c: 5, spare: 9, from: 2 },
  ],
  data(p) {
    const { level, picks, windows } = pairOf(p);
    const [taps, capacity] = [p.k ** 2, level.innerCount + (p.spare ?? 0)];
    const table = new Int32Array(capacity * taps);
    picks.forEach((ids, tap) => ids.forEach((id, m) => (table[m * taps + tap] = id)));
    return {
      a: stored([level.innerCount, 2 * p.hidden], rowsOfA(level.innerCount, 2 * p.hidden)),
      gamma: blockedWeights(tableWeights(p), 2),
      beta: blockedWeights(tableWeights(p), 3),
      gammaBias: f32([p.c], 4),
      betaBias: f32([p.c], 5),
      windows: padded(windows, level.outerCount, taps),
      picks: padded(table, capacity, taps),
      first: i32([1], Int32Array.of(p.from)),
    };
  },
  args: ({ a, gamma, beta, gammaBias, betaBias, windows, picks, first }, _p, g) => ({
    ...{ a, part: 1, windows, picks, first },
    w: concat(g, { a: gamma, b: beta, axis: 1 }),
    bias: { gamma: gammaBias, beta: betaBias },
    picked: { name: "picked", capacity: picks.shape[0] },
    outer: { name: "added", capacity: windows.shape[0] },
  }),
  counts(p) {
    const { level, picks } = pairOf(p);
    return { picked: Math.max(...picks.map((rows) => rows.length)), added: level.outerCount - p.from };
  },
  forward(v, p) {
    const { outerWindows } = levelOf(p);
    const part = Array.from(v.a).filter((_, i) => i % (2 * p.hidden) >= p.hidden);
    const rows = (w: ArrayLike<number>, bias: ArrayLike<number>): Float64Array =>
      labelTableReference(part, w, tableWeights(p), bias, outerWindows).fill(NaN, 0, p.from * p.c);
    return { gamma: rows(v.gamma, v.gammaBias), beta: rows(v.beta, v.betaBias) };
  },
  backward: notDifferentiable,
  terms: (p) => p.k ** 2 * p.hidden,
  f16: true,
  variants: ["gemm"],
};

export const tableCases = { labelTable, labelTablePair };
