// Cases of kernels/labels/ but for the tables.

import { idLists, labelLists, labelListShapes, listShapes, PART } from "../../../src/labels/lists.ts";
import { notDifferentiable, product } from "../../../src/runtime/index.ts";
import { avgPoolReference } from "../../reference/avg_pool.ts";
import { layerGradients, layerReference, type LayerReference } from "../../reference/conv2d.ts";
import { gatherRowsGradient, gatherRowsReference } from "../../reference/gather_rows.ts";
import { oneHot } from "../../reference/label_conv.ts";
import { reflectPadReference } from "../../reference/reflect_pad.ts";
import { windowGatherGradients, windowGatherReference } from "../../reference/window_gather.ts";
import { noise } from "../../support/device.ts";
import { f32, i32, listData, listsOf, stored, type OpCase, type Values } from "../../support/op_case.ts";
import { convWeights, sigmaScale } from "./conv.ts";

type Shape = readonly number[];

interface Gather {
  /** The picture's size. */
  ids: Shape;
  c: number;
  rows: number;
  /** Its ids; random ones if left out. */
  at?: readonly number[];
}

/** Row 3 is read by nobody. */
const idsOf = ({ ids, at }: Gather): Int32Array =>
  Int32Array.from(at ?? noise(product(ids), 2).map((v) => (v < 0 ? 1 : v < 0.4 ? 4 : v < 0.5 ? 0 : 2)));

const gatherRows: OpCase<"gatherRows", Gather> = {
  example: {
    of: { ids: [1, 1, 3], c: 2, rows: 3, at: [2, 0, 2] },
    values: { table: [0, 1, 10, 11, 20, 21] },
    gives: { y: [20, 21, 0, 1, 20, 21] },
  },
  settings: [
    { ids: [2, 3, 5], c: 6, rows: 5 },
    { ids: [1, 1, 9], c: 128, rows: 5 },
    { ids: [1, 1, 9], c: 33, rows: 5 },
    { ids: [1, 40, 41], c: 5, rows: 5 },
  ],
  data: (p) => ({
    table: stored([p.rows, p.c], 1),
    ids: i32(p.ids, idsOf(p)),
    ...listData("lists", idLists(idsOf(p), p.rows), listShapes(product(p.ids), p.rows)),
  }),
  args: ({ table, ids, ...t }) => ({ table, ids, lists: listsOf(t, "lists") }),
  forward: ({ table, ids }, { c }) => ({ y: gatherRowsReference(table, c, ids) }),
  backward: ({ ids }, { c, rows }, { y }) => ({ table: gatherRowsGradient(y, c, ids, rows) }),
  terms: () => 0,
  f16: true,
};

interface LabelConv {
  codes: Shape;
  labels: number;
  edges: boolean;
  cout: number;
  /** Channels of w behind the map's, which are not read. */
  extra?: number;
  k: number;
  stride: number;
  pad: number;
  mirror?: boolean;
  bias?: boolean;
  sigma?: boolean;
  /** The map's codes; runs of labels if left out. */
  at?: readonly number[];
}

const codesOf = (n: number, { labels, edges, at }: Pick<LabelConv, "labels" | "edges" | "at">): Int32Array =>
  Int32Array.from(at ?? noise(n, 7).map((v, i) => (((i / 5) | 0) % labels) * 2 + (edges && v > 0.3 ? 1 : 0)));

const edgeRowOf = ({ labels, edges }: { labels: number; edges: boolean }): number => (edges ? labels : -1);
const weightsOf = ({ cout, labels, edges, extra = 0, k }: LabelConv): number[] => [
  ...[cout, labels + (edges ? 1 : 0) + extra],
  ...[k, k],
];

/** The convolution of the one-hot map. */
function oneHotLayer(v: Values, p: LabelConv): LayerReference {
  const [n, h, w] = p.codes;
  const weights = weightsOf(p);
  const x = oneHot(v.codes, weights[1], edgeRowOf(p));
  const by = p.mirror ? 2 * p.pad : 0;
  return {
    x: p.mirror ? reflectPadReference(x, [n, h, w, weights[1]], p.pad).y : x,
    shape: [n, h + by, w + by, weights[1]],
    weights,
    w: v.w,
    bias: v.bias ?? new Float64Array(p.cout),
    sigma: v.sigma ?? [1],
    stride: p.stride,
    pad: p.mirror ? 0 : p.pad,
    act: "none",
  };
}

const labelConv: OpCase<"labelConv", LabelConv> = {
  // Labels 0, 1, 1, of which the last lies at an edge.
  example: {
    of: { codes: [1, 1, 3], labels: 2, edges: true, cout: 1, k: 1, stride: 1, pad: 0, bias: true, at: [0, 2, 3] },
    values: { w: [10, 20, 5], bias: [1] },
    gives: { y: [11, 21, 26] },
  },
  settings: [
    { codes: [2, 9, 12], labels: 5, edges: true, cout: 6, extra: 3, k: 4, stride: 2, pad: 2, bias: true },
    { codes: [1, 3, 7], labels: 4, edges: false, cout: 5, k: 4, stride: 2, pad: 2, bias: true },
    { codes: [2, 4, 5], labels: 4, edges: true, cout: 3, k: 7, stride: 1, pad: 3, mirror: true, sigma: true },
    { codes: [1, 4, 4], labels: 4, edges: false, cout: 3, k: 7, stride: 1, pad: 3, mirror: true, sigma: true },
  ],
  data: (p) => ({
    codes: i32(p.codes, codesOf(product(p.codes), p)),
    w: convWeights(weightsOf(p), 1),
    ...(p.bias ? { bias: f32([p.cout], 2) } : {}),
    ...(p.sigma ? { sigma: f32([1], Float32Array.of(1.75)) } : {}),
  }),
  args: ({ codes, w, bias, sigma }, { k, stride, pad, mirror, ...p }) => ({
    ...{ codes, w, bias, sigma, k, stride, pad, mirror },
    edgeRow: edgeRowOf(p),
  }),
  forward: (v, p) => ({ y: layerReference(oneHotLayer(v, p)) }),
  backward(v, p, { y }): Values {
    const { w, bias, sigma } = layerGradients(oneHotLayer(v, p), y);
    return { w, ...(p.bias ? { bias } : {}), ...(p.sigma ? { sigma } : {}) };
  },
  // A map's pixels are ones.
  terms: ({ codes, k, stride }) => {
    const pixels = product(codes) / stride ** 2;
    return { y: k * k, w: pixels, bias: pixels, sigma: pixels };
  },
  scale: (v, p, grads) => (p.sigma ? sigmaScale(v, p, grads) : {}),
  f16: true,
};

const labelPool: OpCase<"labelPool", Pick<LabelConv, "codes" | "labels" | "edges" | "at">> = {
  // Halves of the one-hot map of labels 0 and 1.
  example: {
    of: { codes: [1, 1, 2], labels: 2, edges: false, at: [0, 2] },
    values: {},
    gives: { y: [0.5, 0.5] },
  },
  settings: [
    { codes: [2, 7, 6], labels: 6, edges: true },
    { codes: [2, 7, 6], labels: 6, edges: false },
    { codes: [1, 1, 9], labels: 36, edges: true },
  ],
  data: (p) => ({ codes: i32(p.codes, codesOf(product(p.codes), p)) }),
  args: ({ codes }, p) => ({ codes, channels: p.labels + (p.edges ? 1 : 0), edgeRow: edgeRowOf(p) }),
  forward({ codes }, p) {
    const channels = p.labels + (p.edges ? 1 : 0);
    return { y: avgPoolReference(oneHot(codes, channels, edgeRowOf(p)), [...p.codes, channels]) };
  },
  backward: notDifferentiable,
  terms: () => 1,
  f16: false,
};

interface Gathered {
  rows: number;
  k: number;
  /** Channels, of which the last is the edge's. */
  s: number;
  o: number;
  edge: boolean;
  relu: boolean;
  shape?: number[];
  /** The windows; random ones if left out. */
  at?: readonly number[];
}

/** Codes and places outside at random; the first row stands for no window, the second lies outside. */
function codeWindows({ rows, k, s, edge, at }: Gathered): Int32Array {
  if (at) return Int32Array.from(at);
  const [taps, codes] = [k * k, (edge ? s - 1 : s) * 2];
  const windows = Int32Array.from(noise(rows * taps, 1), (v) => {
    const code = Math.floor(((v + 1) / 2) * (codes + 3));
    return code >= codes ? -1 : code;
  });
  return windows.fill(-2, 0, taps).fill(-1, taps, 2 * taps);
}

const lastRow = ({ edge, s }: Gathered): number => (edge ? s - 1 : -1);
const gatheredShape = ({ o, s, k }: Gathered): number[] => [o, s, k, k];

const windowGather: OpCase<"windowGather", Gathered> = {
  // No window, label 0, label 1 at an edge.
  example: {
    of: { rows: 3, k: 1, s: 3, o: 1, edge: true, relu: true, at: [-2, 0, 3] },
    values: { w: [10, 20, 5], bias: [1] },
    gives: { y: [0, 11, 26] },
  },
  settings: [
    { rows: 19, k: 3, s: 39, o: 130, edge: true, relu: true },
    { rows: 12, k: 3, s: 7, o: 5, edge: false, relu: false, shape: [2, 2, 3, 5] },
    { rows: 9, k: 5, s: 4, o: 12, edge: true, relu: true },
    { rows: 900, k: 1, s: 2, o: 9, edge: true, relu: true },
  ],
  data(p) {
    const taps = p.k ** 2;
    const w = convWeights(gatheredShape(p), 2);
    const channels = w.shape[1];
    const lists = labelLists(codeWindows(p), { count: p.rows, taps, channels, edgeRow: lastRow(p) });
    return {
      windows: i32([p.rows, taps], codeWindows(p)),
      w,
      bias: f32([p.o], 3),
      ...listData("labels", lists, labelListShapes(p.rows + 2, taps, channels, p.edge)),
    };
  },
  args: ({ windows, w, bias, ...t }, { relu, shape, rows, ...p }) => ({
    ...{ windows, w, bias, relu, shape, edgeRow: lastRow({ relu, shape, rows, ...p }) },
    count: shape ? undefined : { name: "rows", capacity: rows },
    lists: listsOf(t, "labels"),
  }),
  counts: ({ shape, rows }): Record<string, number> => (shape ? {} : { rows }),
  forward: ({ windows, w, bias }, p) => ({
    y: windowGatherReference(windows, w, gatheredShape(p), bias, { edgeRow: lastRow(p), relu: p.relu }),
  }),
  backward: ({ windows, w, bias }, p, { y }) =>
    windowGatherGradients(windows, w, gatheredShape(p), bias, { edgeRow: lastRow(p), relu: p.relu }, y),
  // Parts of a list are summed first.
  terms: ({ k, rows }) => ({ y: k * k, w: Math.min(PART, rows), bias: Math.min(PART, rows) }),
  f16: true,
};

export const labelCases = { gatherRows, labelConv, labelPool, windowGather };
