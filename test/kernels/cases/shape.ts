// Cases of kernels/shape/.

import { notDifferentiable, product } from "../../../src/runtime/index.ts";
import { maxPoolPlan } from "../../../kernels/shape/max_pool.ts";
import { rgbaThreads } from "../../../kernels/shape/rgba_bytes.ts";
import { rgbByte } from "../../../src/pictures/rgb_byte.ts";
import { activationReference, activationSlope, type ActivationKind } from "../../reference/activation.ts";
import { addReference } from "../../reference/add.ts";
import { argmaxReference } from "../../reference/argmax.ts";
import { avgPoolGradient, avgPoolReference } from "../../reference/avg_pool.ts";
import { globalAverageGradient, globalAverageReference } from "../../reference/global_average.ts";
import { maxPoolReference } from "../../reference/max_pool.ts";
import { reflectPadReference } from "../../reference/reflect_pad.ts";
import { resizeGradient, resizeReference } from "../../reference/resize.ts";
import { concatReference, sliceGradient, sliceReference } from "../../reference/slice.ts";
import { noise } from "../../support/device.ts";
import { i32, stored, type OpCase, type Values } from "../../support/op_case.ts";

type Shape = readonly number[];
/** Few values, so that windows hold equal ones. */
const steps = (shape: Shape): Float32Array => noise(product(shape), 1).map((v) => Math.round(v * 4));

const activation: OpCase<"activation", { x: Shape; kind: ActivationKind }> = {
  example: { of: { x: [1, 1, 2, 2], kind: "leaky" }, values: { x: [1, -1, 0, -10] }, gives: { y: [1, -0.2, 0, -2] } },
  settings: (["leaky", "relu", "relu6", "tanh"] as const).flatMap((kind) => [
    { x: [2, 1, 9, 7], kind },
    { x: [1, 5, 1, 3], kind },
  ]),
  data: ({ x }) => ({
    x: stored(
      x,
      noise(product(x), 1).map((v) => 9 * v),
    ),
  }),
  args: ({ x }, { kind }) => ({ x, kind }),
  forward: ({ x }, { kind }) => ({ y: Float64Array.from(x, activationReference[kind]) }),
  backward: ({ x }, { kind }, { y }) => ({ x: Float64Array.from(x, (v, i) => activationSlope[kind](v) * y[i]) }),
  terms: () => 1,
  f16: true,
};

const add: OpCase<"add", { shape: Shape }> = {
  example: {
    of: { shape: [1, 2, 2, 1] },
    values: { a: [1, 2, 3, 4], b: [10, 20, 30, -40] },
    gives: { y: [11, 22, 33, -36] },
  },
  settings: [{ shape: [2, 3, 1, 39] }, { shape: [7] }],
  data: ({ shape }) => ({ a: stored(shape, 1), b: stored(shape, 2) }),
  args: ({ a, b }) => ({ a, b }),
  forward: ({ a, b }) => ({ y: addReference(a, b) }),
  backward: (_v, _p, { y }) => ({ a: y, b: y }),
  terms: () => 0,
  f16: true,
};

const addShared: OpCase<"addShared", { x: Shape; shared: Shape; slope: number }> = {
  example: {
    of: { x: [2, 1, 1, 2], shared: [1, 1, 1, 2], slope: 0.5 },
    values: { x: [1, 2, 3, 4], shared: [10, -6] },
    gives: { y: [11, -2, 13, -1] },
  },
  settings: [
    { x: [4, 3, 2, 5], shared: [2, 3, 2, 5], slope: 0.2 },
    { x: [3, 1, 7, 6], shared: [1, 1, 7, 6], slope: 1 },
  ],
  data: ({ x, shared }) => ({ x: stored(x, 1), shared: stored(shared, 2) }),
  args: ({ x, shared }, { slope }) => ({ x, shared, slope }),
  forward: ({ x, shared }, { slope }) => ({
    y: Float64Array.from(x, (v, i) => {
      const o = v + shared[i % shared.length];
      return o > 0 ? o : slope * o;
    }),
  }),
  backward(v, p, { y }) {
    const before = addShared.forward(v, p).y;
    const x = Float64Array.from(y, (d, i) => (before[i] > 0 ? d : p.slope * d));
    const shared = new Float64Array(v.shared.length);
    x.forEach((d, i) => (shared[i % shared.length] += d));
    return { x, shared };
  },
  terms: ({ x, shared }) => x[0] / shared[0],
  f16: true,
};

const avgPool: OpCase<"avgPool", { x: Shape }> = {
  example: {
    of: { x: [1, 3, 3, 1] },
    values: { x: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
    // The windows hold the four pixels of a corner.
    gives: { y: [3, 4, 6, 7] },
  },
  settings: [
    { x: [2, 7, 8, 6] },
    { x: [1, 1, 5, 39] },
    { x: [1, 6, 1, 3] },
    { x: [2, 5, 6, 3] },
    { x: [1, 1, 8, 5] },
    { x: [1, 4, 1, 4] },
  ],
  data: ({ x }) => ({ x: stored(x, 1) }),
  args: ({ x }) => ({ x }),
  forward: ({ x }, p) => ({ y: avgPoolReference(x, p.x) }),
  backward: (_v, { x }, { y }) => ({ x: avgPoolGradient(y, x) }),
  terms: () => 9,
  f16: true,
};

const concat: OpCase<"concat", { a: Shape; b: Shape; axis: number }> = {
  example: {
    of: { a: [2, 2], b: [2, 1], axis: 1 },
    values: { a: [1, 2, 3, 4], b: [8, 9] },
    gives: { y: [1, 2, 8, 3, 4, 9] },
  },
  settings: [
    { a: [2, 3, 5], b: [2, 3, 6], axis: 2 },
    { a: [2, 3, 4], b: [2, 3, 8], axis: 2 },
    { a: [2, 3, 5], b: [1, 3, 5], axis: 0 },
    { a: [2, 1, 6], b: [2, 3, 6], axis: 1 },
  ],
  data: ({ a, b }) => ({ a: stored(a, 1), b: stored(b, 2) }),
  args: ({ a, b }, { axis }) => ({ a, b, axis }),
  forward: ({ a, b }, p) => ({ y: concatReference(a, p.a, b, p.b, p.axis) }),
  backward(_v, { a, b, axis }, { y }) {
    const shape = a.map((n, i) => (i === axis ? n + b[i] : n));
    return {
      a: sliceReference(y, shape, { axis, from: 0, count: a[axis] }),
      b: sliceReference(y, shape, { axis, from: a[axis], count: b[axis] }),
    };
  },
  terms: () => 0,
  f16: true,
};

const argmax: OpCase<"argmax", { x: Shape; size: [h: number, w: number]; map: [width: number, height: number] }> = {
  // Three cells in a row enlarged to five pixels; a map of three: the pixels 0, 2 and 4, which are the cells.
  example: {
    of: { x: [1, 1, 3, 2], size: [2, 5], map: [3, 1] },
    values: { x: [1, 1, 0, 200, 200, 0] },
    gives: { classes: [0, 1, 0], confidence: [0.5, 1, 1] },
  },
  settings: [
    { x: [1, 3, 4, 7], size: [9, 13], map: [9, 13] },
    { x: [1, 5, 3, 151], size: [17, 9], map: [33, 20] },
    { x: [1, 2, 2, 1], size: [2, 2], map: [1, 1] },
    // more pixels than the grid has threads
    { x: [1, 4, 4, 5], size: [13, 13], map: [70, 60] },
  ],
  data: ({ x, map }) => ({
    x: stored(
      x,
      noise(product(x), 1).map((v) => 30 * v),
    ),
    map: i32([4], Int32Array.of(...map, 0, product(map))),
  }),
  args: ({ x, map }, { size: [h, w], map: [width, height] }) => ({ x, map, h, w, pixels: width * height }),
  forward: ({ x }, { x: [, ...shape], size: [h, w], map: [width, height] }) =>
    argmaxReference(x, shape, { h, w }, { width, height }),
  backward: notDifferentiable,
  terms: ({ x }) => ({ classes: 0, confidence: 30 * x[3] }),
  f16: true,
};

const globalAverage: OpCase<"globalAverage", { x: Shape }> = {
  example: { of: { x: [1, 2, 2, 2] }, values: { x: [1, 10, 2, 20, 3, 30, 6, 60] }, gives: { y: [3, 30] } },
  settings: [{ x: [2, 5, 7, 6] }, { x: [3, 1, 1, 5] }, { x: [1, 21, 20, 39] }],
  data: ({ x }) => ({ x: stored(x, 1) }),
  args: ({ x }) => ({ x }),
  forward: ({ x }, p) => ({ y: globalAverageReference(x, p.x) }),
  backward: (_v, { x }, { y }) => ({ x: globalAverageGradient(y, x) }),
  terms: ({ x }) => ({ y: x[1] * x[2], x: 1 }),
  f16: true,
};

const maxPool: OpCase<"maxPool", { x: Shape; k: number; stride: number; ceil?: boolean; distinct?: boolean }> = {
  example: {
    of: { x: [1, 2, 4, 1], k: 2, stride: 2 },
    values: { x: [1, 2, 3, 4, 8, 7, 6, 5] },
    gives: { y: [8, 6] },
  },
  settings: [
    { x: [2, 5, 6, 3], k: 2, stride: 2 },
    { x: [1, 9, 6, 5], k: 3, stride: 2, ceil: true },
    { x: [1, 8, 7, 4], k: 3, stride: 2, ceil: true },
    { x: [2, 10, 13, 34], k: 3, stride: 2, ceil: true },
    { x: [1, 6, 9, 10], k: 3, stride: 1 },
    { x: [1, 11, 8, 2], k: 2, stride: 3, ceil: true },
    { x: [1, 17, 12, 7], k: 5, stride: 2, ceil: true },
    { x: [1, 5, 4, 2], k: 3, stride: 2, ceil: true, distinct: true },
  ],
  data: ({ x, distinct }) => ({ x: stored(x, distinct ? 3 : steps(x)) }),
  args: ({ x }, { k, stride, ceil }) => ({ x, k, stride, ceil }),
  forward: ({ x }, p) => ({ y: pooled(x, p).y }),
  backward: ({ x }, p, { y }) => ({ x: pooled(x, p, y).dx }),
  terms: () => 0,
  smooth: ({ distinct }) => !!distinct,
  f16: true,
};

function pooled(
  values: ArrayLike<number>,
  { x, k, stride, ceil }: (typeof maxPool)["settings"][number],
  dy?: ArrayLike<number>,
): ReturnType<typeof maxPoolReference> {
  const [, oh, ow] = maxPoolPlan(x, k, stride, ceil);
  return maxPoolReference(values, x, { k, stride, oh, ow }, dy);
}

const reflectPad: OpCase<"reflectPad", { x: Shape; pad: number }> = {
  // torch's ReflectionPad2d
  example: {
    of: { x: [1, 2, 2, 1], pad: 1 },
    values: { x: [1, 2, 3, 4] },
    gives: { y: [4, 3, 4, 3, 2, 1, 2, 1, 4, 3, 4, 3, 2, 1, 2, 1] },
  },
  settings: [
    { x: [2, 5, 6, 3], pad: 1 },
    { x: [1, 9, 4, 8], pad: 3 },
    // Every pixel but the corners' lines has three copies an axis.
    { x: [1, 4, 4, 5], pad: 3 },
    { x: [2, 3, 1, 2], pad: 0 },
    { x: [1, 4, 3, 2], pad: 2 },
  ],
  data: ({ x }) => ({ x: stored(x, 1) }),
  args: ({ x }, { pad }) => ({ x, pad }),
  forward: ({ x }, p) => ({ y: reflectPadReference(x, p.x, p.pad).y }),
  backward: ({ x }, p, { y }) => ({ x: reflectPadReference(x, p.x, p.pad, y).dx }),
  terms: () => 0,
  f16: true,
};

interface Resize {
  x: Shape;
  h: number;
  w: number;
  mode: "nearest" | "bilinear";
  alignCorners?: boolean;
}

const resize: OpCase<"resize", Resize> = {
  example: {
    of: { x: [1, 1, 2, 1], h: 1, w: 4, mode: "bilinear" },
    values: { x: [0, 4] },
    gives: { y: [0, 1, 3, 4] },
  },
  settings: [
    // 376 -> 40: float32's scale gives other pixels here than whole-number arithmetic
    { x: [1, 1, 376, 3], h: 1, w: 40, mode: "nearest" },
    { x: [2, 5, 3, 6], h: 9, w: 7, mode: "nearest" },
    { x: [2, 5, 3, 6], h: 9, w: 7, mode: "bilinear" },
    { x: [1, 12, 1, 39], h: 5, w: 3, mode: "bilinear" },
    { x: [1, 2, 3, 4], h: 16, w: 31, mode: "bilinear" },
    { x: [2, 5, 3, 6], h: 9, w: 7, mode: "bilinear", alignCorners: true },
    { x: [1, 9, 7, 3], h: 4, w: 5, mode: "bilinear", alignCorners: true },
    // One pixel gives all, and all give one: scales of 0.
    { x: [2, 1, 1, 5], h: 6, w: 7, mode: "bilinear", alignCorners: true },
    { x: [1, 6, 7, 4], h: 1, w: 1, mode: "bilinear", alignCorners: true },
  ],
  data: ({ x }) => ({ x: stored(x, 1) }),
  args: ({ x }, { x: _shape, ...how }) => ({ x, ...how }),
  forward: ({ x }, { x: shape, h, w, mode, alignCorners }) => ({
    y: resizeReference(x, shape, h, w, mode, alignCorners),
  }),
  backward: (_v, { x, h, w, mode, alignCorners }, { y }) => ({ x: resizeGradient(y, x, h, w, mode, alignCorners) }),
  // A source's place is rounded: an error of the weights that grows with the size of x.
  terms: ({ x, h, w, mode }) =>
    mode === "nearest"
      ? 0
      : { y: 4 * Math.max(x[1], x[2]) ** 2, x: 4 * Math.max(x[1], x[2]) ** 2 + 4 * Math.ceil((h * w) / (x[1] * x[2])) },
  f16: true,
};

const reshape: OpCase<"reshape", { x: Shape; shape: number[] }> = {
  example: {
    of: { x: [2, 1, 2], shape: [1, 2, 2] },
    values: { x: [1, 2, 3, 4] },
    gives: { y: [1, 2, 3, 4] },
  },
  settings: [
    { x: [2, 1, 1, 4], shape: [2, 4] },
    { x: [3, 5, 6], shape: [5, 3, 6] },
  ],
  data: ({ x }) => ({ x: stored(x, 1) }),
  args: ({ x }, { shape }) => ({ x, shape }),
  forward: ({ x }): Values => ({ y: x }),
  backward: (_v, _p, { y }) => ({ x: y }),
  terms: () => 0,
  f16: true,
};

/** Of a pixel: what the published tensor2im computes, in float32 as numpy does; NaN in any channel: 0. */
function rgbaOf(pixel: ArrayLike<number>): number {
  const values = Array.from(pixel);
  if (values.some(Number.isNaN)) return 0;
  const [r, g, b] = values.map(rgbByte);
  return (255 << 24) | (b << 16) | (g << 8) | r;
}

const rgbaBytes: OpCase<"rgbaBytes", { x: Shape; nan?: number }> = {
  // -1, 0 and 1; what is beyond is cut off; NaN makes the pixel 0 and leaves its number + 1
  example: {
    of: { x: [1, 1, 3, 3] },
    values: { x: [-1, 0, 1, -7, 0.5, 7, 0, NaN, 0] },
    gives: { rgba: [(255 << 24) | (255 << 16) | (127 << 8), (255 << 24) | (255 << 16) | (191 << 8), 0] },
  },
  settings: [
    { x: [2, 5, 7, 3] },
    { x: [1, 40, 33, 3], nan: 1234 },
    { x: [1, 1, 1, 3] },
    // more pixels than one thread each
    { x: [1, 520, 521, 3], nan: 200_000 },
  ],
  data: ({ x, nan }) => ({
    x: stored(
      x,
      noise(product(x), 1).map((v, i) => (nan !== undefined && i === 3 * nan + 1 ? NaN : 1.1 * v)),
    ),
  }),
  args: ({ x }) => ({ x }),
  forward({ x }) {
    const pixels = x.length / 3;
    const rgba = Array.from({ length: pixels }, (_, i) => rgbaOf([x[3 * i], x[3 * i + 1], x[3 * i + 2]]));
    const flags = new Float64Array(rgbaThreads(pixels));
    rgba.forEach((v, i) => v === 0 && (flags[i % flags.length] = i + 1));
    return { rgba, flags };
  },
  backward: notDifferentiable,
  terms: () => 0,
  f16: true,
};

const slice: OpCase<"slice", { x: Shape; axis: number; from: number; count: number; length?: number }> = {
  example: {
    of: { x: [2, 3], axis: 1, from: 1, count: 2, length: 3 },
    values: { x: [1, 2, 3, 4, 5, 6] },
    gives: { y: [2, 3, 0, 5, 6, 0] },
  },
  settings: [
    { x: [2, 3, 7], axis: 2, from: 2, count: 3 },
    { x: [3, 9, 5], axis: 1, from: 5, count: 3, length: 4 },
    { x: [4, 2, 8], axis: 0, from: 1, count: 2 },
  ],
  data: ({ x }) => ({ x: stored(x, 1) }),
  args: ({ x }, { x: _shape, ...range }) => ({ x, ...range }),
  forward: ({ x }, { x: shape, ...range }) => ({ y: sliceReference(x, shape, range) }),
  backward: (_v, { x, ...range }, { y }) => ({ x: sliceGradient(y, x, range) }),
  terms: () => 0,
  f16: true,
};

export const shapeCases = {
  activation,
  add,
  addShared,
  argmax,
  avgPool,
  concat,
  globalAverage,
  maxPool,
  reflectPad,
  resize,
  rgbaBytes,
  reshape,
  slice,
};
