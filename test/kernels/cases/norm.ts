// Cases of kernels/norm/.

import { packV, unpackV } from "../../../kernels/norm/spectral.ts";
import { pixelListShapes, pixelLists } from "../../../src/labels/lists.ts";
import { normalValues } from "../../../src/models/philox.ts";
import type { LevelWindows } from "../../../src/labels/windows.ts";
import { notDifferentiable, product } from "../../../src/runtime/index.ts";
import { addNoiseGradients, addNoiseReference } from "../../reference/add_noise.ts";
import { modulateGradients, modulateReference } from "../../reference/modulate.ts";
import { normaliseReference } from "../../reference/normalise.ts";
import { spectralGradient, spectralReference } from "../../reference/spectral.ts";
import { statisticsGradient, statisticsReference } from "../../reference/statistics.ts";
import { noise } from "../../support/device.ts";
import { f32, i32, listData, listsOf, rowsOf, stored, type OpCase, type Values } from "../../support/op_case.ts";
import { SPARE, windowsOf } from "../../support/windows.ts";
import { convWeights } from "./conv.ts";

type Shape = readonly number[];
const EPS = 1e-5;
const positive = (n: number, seed: number): Float32Array => noise(n, seed).map((v) => 1.5 + v);

interface Modulate {
  x: Shape;
  up: 1 | 2;
  per: "batch" | "instance";
  slope: number;
  /** A map of one label. */
  plain?: boolean;
  /** Nothing is added to gamma (CLADE). */
  whole?: boolean;
  /** Two factors a pixel (CLADE's positions). */
  factors?: boolean;
}

const groupsOf = ({ x, per }: { x: Shape; per: "batch" | "instance" }): number => (per === "batch" ? 1 : x[0]);
const windowsAt = ({ x: [n, h, w], up, plain }: Modulate): LevelWindows => windowsOf([n, h * up, w * up], { plain });
const shapeOf = (p: Modulate): Parameters<typeof modulateReference>[2] => ({
  whole: p.whole,
  up: p.up,
  groups: groupsOf(p),
  slope: Math.fround(p.slope),
});

const modulate: OpCase<"modulate", Modulate> = {
  // (1 - 1) * 2 * (1 + 0.5) + 10 and (3 - 1) * 2 * (1 + 1) + 20
  example: {
    of: { x: [1, 1, 2, 1], up: 1, per: "batch", slope: 1, plain: true },
    values: { x: [1, 3], mean: [1], rstd: [2], gamma: [0.5, 1], beta: [10, 20], ids: [0, 1] },
    gives: { y: [10, 28] },
  },
  settings: [
    { x: [2, 5, 7, 6], up: 1, per: "batch", slope: 0.2 },
    { x: [2, 1, 35, 39], up: 1, per: "instance", slope: 1 },
    { x: [2, 3, 1, 5], up: 2, per: "instance", slope: 0.2 },
    { x: [1, 4, 5, 36], up: 2, per: "batch", slope: 1 },
    { x: [2, 31, 40, 9], up: 1, per: "batch", slope: 0.2, plain: true },
    { x: [2, 31, 40, 3], up: 2, per: "instance", slope: 0.2, plain: true },
    { x: [2, 5, 7, 6], up: 1, per: "instance", slope: 1, whole: true },
    { x: [2, 4, 5, 6], up: 2, per: "batch", slope: 0.2, whole: true, factors: true },
    { x: [2, 11, 20, 5], up: 1, per: "instance", slope: 1, plain: true, whole: true, factors: true },
  ],
  data(p) {
    const c = p.x[3];
    const lw = windowsAt(p);
    const [groups, rows, capacity] = [groupsOf(p), lw.outerCount, lw.outerCount + SPARE];
    const statistic = groups === 1 ? [c] : [groups, c];
    return {
      x: stored(
        p.x,
        noise(product(p.x), 1).map((v) => 2 * v + 0.5),
      ),
      mean: f32(statistic, 2),
      rstd: f32(statistic, positive(groups * c, 3)),
      gamma: rowsOf(stored, capacity, c, noise(rows * c, 4)),
      beta: rowsOf(stored, capacity, c, noise(rows * c, 5)),
      ids: i32([lw.images, lw.h, lw.w], lw.outerIds),
      ...(p.factors ? { factors: stored([lw.images, lw.h, lw.w, 2], 6) } : {}),
      ...listData("pixels", pixelLists(lw), pixelListShapes(lw.outerIds.length, capacity)),
    };
  },
  args: ({ x, mean, rstd, gamma, beta, ids, factors, ...t }, { slope, whole }) => {
    const count = { name: "rows", capacity: gamma.shape[0] };
    return { x, mean, rstd, gamma, beta, ids, slope, count, whole, factors, lists: listsOf(t, "pixels") };
  },
  counts: (p) => ({ rows: windowsAt(p).outerCount }),
  forward: (v, p) => ({ y: modulateReference(v as Tables, p.x, shapeOf(p)) }),
  backward(v, p, { y }): Values {
    const { factors, ...all } = modulateGradients({ ...(v as Tables), dy: y }, p.x, shapeOf(p));
    return p.factors ? { ...all, factors } : all;
  },
  terms: ({ x, up }) => ({ y: 2, x: up * up, factors: x[3], ...sums(product(x.slice(0, 3)) * up * up) }),
  f16: true,
};

type Tables = Parameters<typeof modulateReference>[0];
/** Gradients of what all pixels share. */
const sums = (terms: number): Record<string, number> =>
  Object.fromEntries(["mean", "rstd", "gamma", "beta", "weight", "bias"].map((name) => [name, terms]));

const normalise: OpCase<"normalise", { x: Shape; groups: number; slope: number; affine?: boolean }> = {
  example: {
    of: { x: [1, 1, 2, 1], groups: 1, slope: 0.5, affine: true },
    values: { x: [2, 6], mean: [4], rstd: [0.5], weight: [10], bias: [2] },
    gives: { y: [-4, 12] },
  },
  settings: [
    { x: [2, 5, 7, 6], groups: 2, slope: 0.2 },
    { x: [2, 19, 9, 5], groups: 1, slope: 0.2, affine: true },
    { x: [1, 1, 3, 39], groups: 1, slope: 1 },
    { x: [2, 2, 3, 3], groups: 2, slope: 0.2, affine: true },
  ],
  data: ({ x, groups, affine }) => ({
    x: stored(x, 1),
    mean: f32([groups, x[3]], 2),
    rstd: f32([groups, x[3]], positive(groups * x[3], 3)),
    ...(affine ? { weight: f32([x[3]], 4), bias: f32([x[3]], 5) } : {}),
  }),
  args: ({ x, mean, rstd, weight, bias }, { slope }) => ({ x, mean, rstd, weight, bias, slope }),
  forward: (v, p) => ({ y: normaliseReference(v as Tables, p.x, { ...p, slope: Math.fround(p.slope) }).y }),
  backward(v, p, { y }): Values {
    const all = normaliseReference(v as Tables, p.x, { ...p, slope: Math.fround(p.slope) }, y);
    const { x, mean, rstd, weight, bias } = all;
    return p.affine ? { x, mean, rstd, weight, bias } : { x, mean, rstd };
  },
  terms: ({ x, groups }) => ({ y: 2, x: 1, ...sums(product(x.slice(0, 3)) / groups) }),
  f16: true,
};

const spectralSigma: OpCase<"spectralSigma", { o: number; i: number; k: number; train: boolean }> = {
  // W = [[3, 0], [0, 4]], u = (0, 1): v = (0, 1), sigma = 4.
  example: {
    of: { o: 2, i: 2, k: 1, train: true },
    values: { w: [3, 0, 0, 4], u: [0, 1], v: [1, 0] },
    gives: { y: [4], u: [0, 1], v: [0, 1] },
  },
  settings: [
    { o: 6, i: 5, k: 3, train: true },
    { o: 39, i: 18, k: 4, train: true },
    { o: 33, i: 130, k: 1, train: false },
    { o: 8, i: 7, k: 3, train: false },
    { o: 6, i: 5, k: 3, train: false },
  ],
  data: ({ o, i, k }) => ({
    w: convWeights([o, i, k, k], 1, f32),
    u: f32([o], 2, { external: true }),
    v: f32([k * k, i], 3, { external: true, pack: (v) => packV(v, i, k, k), unpack: (v) => unpackV(v, i, k, k) }),
  }),
  args: ({ w, u, v }, { i, train }) => ({ w, cin: i, u, v, train }),
  forward({ w, u, v }, { o, train }) {
    const { sigma, ...after } = spectralReference(w, o, u, v, train);
    return train ? { y: [sigma], ...after } : { y: [sigma] };
  },
  // u and v count as constants.
  backward({ w, u, v }, { o, train }, { y }) {
    const after = spectralReference(w, o, u, v, train);
    return { w: spectralGradient(y[0], after.u, after.v) };
  },
  smooth: ({ train }) => !train,
  terms: ({ o, i, k }) => o + i * k * k,
  f16: false,
};

const statistics: OpCase<"statistics", { x: Shape; per: "batch" | "instance" }> = {
  example: {
    of: { x: [1, 1, 4, 1], per: "batch" },
    values: { x: [3, 5, 3, 5] },
    gives: { mean: [4], variance: [1], rstd: [0.999995] },
  },
  settings: [
    { x: [2, 5, 7, 6], per: "batch" },
    { x: [2, 1, 19, 39], per: "instance" },
    { x: [2, 5, 3, 6], per: "instance" },
    { x: [1, 64, 65, 3], per: "batch" },
  ],
  data: ({ x }) => ({
    x: stored(
      x,
      noise(product(x), 1).map((v) => v + 0.3),
    ),
  }),
  args: ({ x }, { per }) => ({ x, per }),
  forward({ x }, p) {
    const { mean, variance } = statisticsReference(x, ...sizesOf(p));
    return { mean, variance, rstd: variance.map((v) => 1 / Math.sqrt(v + EPS)) };
  },
  backward: ({ x }, p, { mean, variance, rstd }) => ({
    x: statisticsGradient(x, ...sizesOf(p), { dmean: mean, dvariance: variance, drstd: rstd }),
  }),
  terms: ({ x }) => ({ mean: Math.sqrt(product(x)), variance: Math.sqrt(product(x)), rstd: 3, x: 3 }),
  f16: true,
};

const sizesOf = ({ x, per }: { x: Shape; per: "batch" | "instance" }): [number, number, number] => {
  const groups = groupsOf({ x, per });
  return [groups, product(x) / x[3] / groups, x[3]];
};

const inverseStd: OpCase<"inverseStd", { c: number; eps?: number }> = {
  example: { of: { c: 3, eps: 1 }, values: { variance: [3, 0, 8] }, gives: { y: [0.5, 1, 1 / 3] } },
  settings: [{ c: 6 }, { c: 37, eps: 0.25 }],
  data: ({ c }) => ({ variance: f32([c], positive(c, 1)) }),
  args: ({ variance }, { eps }) => ({ variance, eps }),
  forward: ({ variance }, { eps = EPS }) => ({ y: Float64Array.from(variance, (v) => 1 / Math.sqrt(v + eps)) }),
  backward: notDifferentiable,
  terms: () => 1,
  f16: false,
};

const runningStatistics: OpCase<"runningStatistics", { c: number; count: number; momentum: number }> = {
  // A quarter of the new value, whose variance is unbiased: 4 * 9 / 8.
  example: {
    of: { c: 1, count: 9, momentum: 0.25 },
    values: { running_mean: [4], running_var: [2], mean: [8], variance: [4] },
    gives: { running_mean: [5], running_var: [2.625] },
  },
  settings: [
    { c: 6, count: 9, momentum: 0.1 },
    { c: 39, count: 2, momentum: 1 },
  ],
  data: ({ c }) => ({
    running_mean: f32([c], positive(c, 1), { external: true }),
    running_var: f32([c], positive(c, 2), { external: true }),
    mean: f32([1, c], positive(c, 3)),
    variance: f32([1, c], positive(c, 4)),
  }),
  args: ({ running_mean, running_var, mean, variance }, { count, momentum }) => ({
    running_mean,
    running_var,
    mean,
    variance,
    count,
    momentum,
  }),
  forward: (v, { count, momentum }): Values => ({
    running_mean: Array.from(v.running_mean, (m, i) => (1 - momentum) * m + momentum * v.mean[i]),
    running_var: Array.from(
      v.running_var,
      (r, i) => (1 - momentum) * r + (momentum * v.variance[i] * count) / (count - 1),
    ),
  }),
  backward: notDifferentiable,
  terms: () => 2,
  f16: false,
};

const addNoise: OpCase<"addNoise", { x: Shape; up: 1 | 2 }> = {
  // A pixel of two channels becomes four, with the noises 1, -1, 2 and 0.
  example: {
    of: { x: [1, 1, 1, 2], up: 2 },
    values: { x: [10, 20], plane: [1, -1, 2, 0], v: [1, 0.5] },
    gives: { y: [11, 20.5, 9, 19.5, 12, 21, 10, 20] },
  },
  settings: [
    { x: [2, 5, 7, 6], up: 1 },
    { x: [2, 3, 5, 9], up: 2 },
    { x: [1, 1, 3, 39], up: 2 },
    { x: [3, 20, 21, 3], up: 1 },
  ],
  data: ({ x, up }) => ({
    x: stored(x, 1),
    plane: f32([product(x.slice(0, 3)) * up * up], 2),
    v: f32([x[3]], 3),
  }),
  args: ({ x, plane, v }, { up }) => ({ x, plane, v, up }),
  forward: (v, { x, up }) => ({ y: addNoiseReference(v as Noise, x, up) }),
  backward: (v, { x, up }, { y }) => ({ ...addNoiseGradients({ ...(v as Noise), dy: y }, x, up) }),
  terms: ({ x, up }) => ({ y: 1, x: up === 1 ? 0 : 4, v: product(x.slice(0, 3)) * up * up }),
  f16: true,
};

type Noise = Parameters<typeof addNoiseReference>[0];

/** log, cos and sin of WGSL are wrong by several units, as are sums of so many terms. */
const FUNCTIONS = 2000;

const normalPlane: OpCase<"normalPlane", { low: number; high: number; layer: number; n: number; before?: number }> = {
  // From the words of Random123's first vector, 6627e8d5, e169c58d, bc57ac4c and 9b00dbd8.
  example: {
    of: { low: 0, high: 0, layer: 0, n: 4 },
    values: {},
    gives: { y: [0.99113768, -0.92466259, -0.61760896, -0.48206859] },
  },
  settings: [
    { low: 7, high: 0, layer: 0, n: 5000 },
    { low: -3, high: 0x1fffff, layer: 0xdeadbeef, n: 4098 },
    { low: 7, high: 1, layer: 1, n: 1 },
    // The third of peers that share a plane.
    { low: 7, high: 0, layer: 0, n: 640, before: 2 },
  ],
  data: ({ low, high, before }) => ({
    seed: before === undefined ? i32([2], Int32Array.of(low, high)) : i32([3], Int32Array.of(low, high, before)),
  }),
  args: ({ seed }, { layer, n }) => ({ seed, layer, n }),
  forward: (_, { low, high, layer, n, before = 0 }) => ({
    y: normalValues((high >>> 0) * 2 ** 32 + (low >>> 0), (before + 1) * n, layer).subarray(before * n),
  }),
  backward: notDifferentiable,
  terms: () => FUNCTIONS,
  f16: false,
};

export const normCases = {
  addNoise,
  inverseStd,
  modulate,
  normalise,
  normalPlane,
  runningStatistics,
  spectralSigma,
  statistics,
};
