// Cases of kernels/conv/.

import { deriveWeights, packConv, unpackConv } from "../../../kernels/conv/conv2d.ts";
import { packConvTranspose, unpackConvTranspose } from "../../../kernels/conv/conv_transpose.ts";
import { packDepthwise, unpackDepthwise } from "../../../kernels/conv/depthwise_conv.ts";
import { packBlocks } from "../../../kernels/parts/gemm.ts";
import { notDifferentiable, product } from "../../../src/runtime/index.ts";
import { layerGradients, layerReference, type LayerReference } from "../../reference/conv2d.ts";
import { convTransposeGradients, convTransposeReference } from "../../reference/conv_transpose.ts";
import { depthwiseGradients, depthwiseReference, depthwiseShape } from "../../reference/depthwise_conv.ts";
import { linearGradients, linearReference } from "../../reference/linear.ts";
import { blocksReference, unblocksReference, winogradReference } from "../../reference/packed.ts";
import { noise } from "../../support/device.ts";
import { f32, stored, type Data, type OpCase, type Values } from "../../support/op_case.ts";

type Shape = readonly number[];

/** Weights OIHW, packed for a conv. */
export function convWeights(oihw: Shape, seed: number, make = stored): Data {
  const values = noise(product(oihw), seed);
  return make(packConv(values, oihw).shape, values, {
    pack: (v) => packConv(v, oihw).data,
    unpack: (v) => unpackConv(v, oihw),
    zeroPadded: true,
  });
}

const blockedOf = ([o, i, kh, kw]: Shape): number[] => [kh * kw, Math.ceil(o / 16), Math.ceil(i / 4), 64];

const blockColumns: OpCase<"blockColumns", { oihw: Shape }> = {
  // A block has 16 columns of 4 rows each; two columns and one row are in use.
  example: {
    of: { oihw: [2, 1, 1, 1] },
    values: { w: [7, 8] },
    gives: { y: [7, 0, 0, 0, 8, ...Array<number>(59).fill(0)] },
  },
  settings: [{ oihw: [5, 6, 3, 1] }, { oihw: [35, 9, 1, 1] }],
  // Gradients of the blocks' padding go to that of w.
  data: ({ oihw }) => ({ w: { ...convWeights(oihw, 1), zeroPadded: false } }),
  args: ({ w }) => ({ w }),
  forward: ({ w }, { oihw }) => ({ y: blocksReference(w, oihw) }),
  backward: (_v, { oihw }, { y }) => ({ w: unblocksReference(y, oihw) }),
  terms: () => 0,
  f16: true,
};

/** Of Cin a multiple of 4, so that the result has no padded rows. */
const unblockColumns: OpCase<"unblockColumns", { oihw: Shape; first?: number; cout?: number }> = {
  example: {
    of: { oihw: [1, 4, 1, 1] },
    values: { blocked: [1, 2, 3, 4, ...Array<number>(60).fill(9)] },
    gives: { y: [1, 2, 3, 4] },
  },
  settings: [
    { oihw: [5, 8, 3, 1] },
    { oihw: [33, 4, 1, 2] },
    // The third and last block alone.
    { oihw: [40, 8, 2, 1], first: 2, cout: 8 },
  ],
  data: ({ oihw }) => ({ blocked: stored(blockedOf(oihw), packBlocks(noise(product(oihw), 1), oihw)) }),
  args: ({ blocked }, { oihw, first, cout = oihw[0] }) => ({ blocked, cout, first }),
  forward({ blocked }, { oihw, first = 0, cout = oihw[0] }) {
    const [, i, kh, kw] = oihw;
    const taps = kh * kw;
    const all = unblocksReference(blocked, oihw);
    const y = new Float64Array(taps * i * cout);
    for (let t = 0; t < taps; t++)
      for (let k = 0; k < i; k++)
        for (let n = 0; n < cout; n++) y[(t * i + k) * cout + n] = all[((first * 16 + n) * i + k) * taps + t];
    return { y };
  },
  // A part has no gradient.
  backward: (_v, { oihw, first }, { y }): Values =>
    first ? {} : { blocked: blocksReference(unpackConv(Float32Array.from(y), oihw), oihw) },
  terms: () => 0,
  f16: true,
};

/** A reference's arguments: what the setting says, and the numbers. */
const given = <L>(layer: L, v: Values): L & Record<"x" | "w" | "bias" | "sigma" | "residual", ArrayLike<number>> => ({
  ...layer,
  ...(v as Record<"x" | "w" | "bias" | "sigma" | "residual", ArrayLike<number>>),
});

interface Layer {
  x: Shape;
  o: number;
  k: number;
  stride?: number;
  pad?: number;
  act?: LayerReference["act"];
  /** A residual of the result's size, or of half of it. */
  residual?: "same" | "half";
  /** No derived copies of the weights. */
  plain?: boolean;
}

/** The reference's layer without its numbers. */
function layerOf({ x, o, k, stride = 1, pad = 0, act = "none", residual }: Layer) {
  const [h, w] = [x[1], x[2]].map((s) => Math.floor((s + 2 * pad - k) / stride) + 1);
  const up = residual === "half";
  const out = [x[0], h, w, o];
  return {
    layer: { shape: x, weights: [o, x[3], k, k], stride, pad, act, up },
    out,
    residual: residual && (up ? [x[0], h / 2, w / 2, o] : out),
  };
}

const conv2d: OpCase<"conv2d", Layer> = {
  example: {
    of: { x: [1, 3, 3, 1], o: 1, k: 3, pad: 1 },
    values: { x: [0, 0, 0, 0, 1, 0, 0, 0, 0], w: [1, 2, 3, 4, 5, 6, 7, 8, 9], bias: [10], sigma: [0.5] },
    // The kernel twice, turned by half a turn, and the bias.
    gives: { y: [28, 26, 24, 22, 20, 18, 16, 14, 12] },
  },
  settings: [
    { x: [1, 8, 8, 16], o: 8, k: 3, pad: 1 },
    { x: [2, 7, 5, 3], o: 5, k: 3, pad: 1, act: "leaky" },
    { x: [1, 1, 9, 184], o: 12, k: 3, pad: 1 },
    { x: [1, 1, 9, 39], o: 12, k: 3, pad: 1, act: "tanh" },
    { x: [1, 6, 1, 39], o: 3, k: 1, act: "relu" },
    { x: [2, 13, 10, 7], o: 9, k: 4, stride: 2, pad: 2, act: "leaky" },
    { x: [1, 9, 9, 6], o: 33, k: 5, pad: 2 },
    { x: [2, 6, 9, 36], o: 34, k: 3, pad: 1, residual: "same" },
    { x: [1, 8, 7, 5], o: 6, k: 3, stride: 2, pad: 1, act: "relu6" },
    { x: [1, 5, 4, 24], o: 7, k: 1, act: "relu6" },
    { x: [1, 6, 10, 5], o: 34, k: 5, pad: 2, act: "leaky", residual: "half" },
    { x: [1, 7, 6, 4], o: 4, k: 3 },
    { x: [2, 8, 7, 36], o: 34, k: 3, act: "relu", residual: "same" },
    { x: [1, 6, 10, 39], o: 36, k: 3, pad: 1, act: "leaky", residual: "half" },
    { x: [1, 4, 5, 33], o: 18, k: 3, pad: 2, act: "leaky", residual: "same" },
    { x: [1, 9, 8, 3], o: 18, k: 7, stride: 3, pad: 1, act: "relu" },
    { x: [1, 5, 6, 6], o: 5, k: 2, stride: 3 },
    { x: [1, 2, 2, 3], o: 1, k: 1, act: "relu", residual: "half" },
    { x: [2, 3, 2, 2], o: 3, k: 3, pad: 1, act: "leaky", residual: "same" },
    { x: [1, 5, 4, 1], o: 2, k: 4, stride: 2, pad: 2, act: "tanh" },
  ],
  data(p) {
    const { layer, residual } = layerOf(p);
    return {
      x: stored(p.x, 1),
      w: convWeights(layer.weights, 2),
      // Large enough to reach the upper end of relu6.
      bias: f32([p.o], p.act === "relu6" ? noise(p.o, 3).map((v) => 12 * v) : 3),
      sigma: f32([1], Float32Array.of(1.75)),
      ...(residual ? { residual: stored(residual, 4) } : {}),
    };
  },
  args: ({ x, w, bias, sigma, residual }, { k, stride = 1, pad, act, plain }, g) => ({
    x,
    w,
    bias,
    sigma,
    residual,
    kh: k,
    kw: k,
    stride,
    pad,
    act,
    ...(stride === 1 && !plain ? deriveWeights(g, w, { k, h: x.shape[1], w: x.shape[2] }) : {}),
  }),
  forward: (v, p) => ({ y: layerReference(given(layerOf(p).layer, v)) }),
  backward(v, p, { y }) {
    const { residual, ...grads } = layerGradients(given(layerOf(p).layer, v), y);
    return p.residual ? { ...grads, residual } : grads;
  },
  terms: (p) => layerTerms(p, layerOf(p).out),
  scale: sigmaScale,
  // Winograd's intermediates are f16 too: of its sums near 0 some change sign, and with them a ReLU's gradients.
  f16: ({ act, o }) => !(act === "relu" && o === 34),
  variants: ["conv2d", "conv2d_dx", "weight_gradient"],
};

/**
 * What a conv's sums have: taps and channels forwards and in dx, pixels in dw. The slope of tanh is 1 - y^2, of which little is left where
 * y is near 1: a rounding there counts as ten.
 */
function layerTerms({ x, k, act }: Layer, [n, h, w, o]: Shape): Record<string, number> {
  const [taps, pixels] = [k * k, n * h * w];
  const more = act === "tanh" ? 100 : 0;
  return { y: taps * x[3], x: taps * o + more, w: pixels + more, bias: pixels + more, sigma: pixels * o, residual: 4 };
}

/** dsigma is one number, in whose sum much cancels. */
export function sigmaScale({ w, sigma }: Values, _p: unknown, grads: Values): Record<string, number> {
  const sum = Array.from(w).reduce((all, v, i) => all + Math.abs(v * grads.w[i]), 0);
  return { sigma: sum / sigma[0] };
}

interface Transposed extends Layer {
  outputPadding?: number;
}

/** As published where the case says nothing else: stride 2, pad 1, output padding 1. */
const transposedOf = ({ x, o, k, stride = 2, pad = 1, outputPadding = 1, act = "none" }: Transposed) => ({
  shape: x,
  weights: [x[3], o, k, k],
  stride,
  pad,
  outputPadding,
  act,
});

const convTranspose: OpCase<"convTranspose", Transposed> = {
  example: {
    of: { x: [1, 1, 2, 1], o: 1, k: 2, stride: 2, pad: 0, outputPadding: 0 },
    values: { x: [1, 10], w: [1, 2, 3, 4], bias: [0], sigma: [1] },
    gives: { y: [1, 2, 10, 20, 3, 4, 30, 40] },
  },
  settings: [
    { x: [2, 4, 5, 6], o: 3, k: 3 },
    { x: [1, 1, 3, 9], o: 18, k: 3, act: "relu" },
    { x: [1, 5, 6, 39], o: 34, k: 3, outputPadding: 0 },
    { x: [2, 3, 4, 5], o: 7, k: 4, outputPadding: 0, act: "leaky" },
    { x: [1, 6, 5, 4], o: 5, k: 3, stride: 1, outputPadding: 0 },
    { x: [1, 3, 2, 2], o: 2, k: 3, stride: 1, outputPadding: 0, act: "tanh" },
    { x: [2, 3, 2, 2], o: 3, k: 3 },
  ],
  data(p) {
    const weights = [p.x[3], p.o, p.k, p.k];
    const values = noise(product(weights), 2);
    return {
      x: stored(p.x, 1),
      w: stored(packConvTranspose(values, weights).shape, values, {
        pack: (v) => packConvTranspose(v, weights).data,
        unpack: (v) => unpackConvTranspose(v, weights),
      }),
      bias: f32([p.o], 3),
      sigma: f32([1], Float32Array.of(1.75)),
    };
  },
  args: (t, p) => ({ ...t, ...transposedOf(p), k: p.k }) as never,
  forward: (v, p) => ({ y: convTransposeReference(given(transposedOf(p), v)).data }),
  backward: (v, p, { y }) => convTransposeGradients(given(transposedOf(p), v), y),
  terms(p) {
    const { shape, stride, pad, outputPadding } = transposedOf(p);
    const [h, w] = [shape[1], shape[2]].map((s) => (s - 1) * stride - 2 * pad + p.k + outputPadding);
    return layerTerms(p, [p.x[0], h, w, p.o]);
  },
  scale: sigmaScale,
  f16: true,
  variants: ["conv2d", "weight_gradient"],
};

interface Depthwise {
  x: Shape;
  k: [number, number];
  stride?: number;
  dilation?: number;
  pad?: [number, number, number, number];
  act?: LayerReference["act"];
}

const depthwiseOf = ({ x, k, stride = 1, dilation = 1, pad = [0, 0, 0, 0], act = "none" }: Depthwise) => ({
  shape: x,
  kernel: k,
  stride,
  dilation,
  pad,
  act,
});

const depthwiseConv: OpCase<"depthwiseConv", Depthwise> = {
  example: {
    // Each channel with its own kernel: the sum of both pixels, and the second one alone.
    of: { x: [1, 1, 3, 2], k: [1, 2] },
    values: { x: [1, 10, 2, 20, 3, 30], w: [1, 1, 0, 1], bias: [100, 200] },
    gives: { y: [103, 220, 105, 230] },
  },
  settings: [
    { x: [2, 7, 9, 6], k: [3, 3], pad: [1, 1, 1, 1], act: "relu6" },
    // TensorFlow's SAME: nothing above and on the left.
    { x: [1, 8, 12, 5], k: [3, 3], stride: 2, pad: [0, 0, 1, 1], act: "relu6" },
    { x: [1, 9, 7, 3], k: [3, 3], stride: 2, pad: [1, 1, 1, 1] },
    { x: [1, 9, 21, 4], k: [3, 3], dilation: 4, pad: [4, 4, 4, 4], act: "leaky" },
    { x: [1, 6, 11, 33], k: [3, 3], dilation: 2, pad: [2, 2, 2, 2], act: "relu" },
    { x: [2, 11, 10, 5], k: [2, 3], stride: 3, dilation: 2, pad: [2, 0, 1, 3] },
    // Taller than a tile.
    { x: [1, 43, 6, 3], k: [3, 3], dilation: 2, pad: [2, 2, 2, 2], act: "relu" },
    { x: [2, 37, 5, 2], k: [3, 3], stride: 2, pad: [1, 1, 1, 1] },
    // More padding than the kernel is large, and a kernel that no tile has.
    { x: [1, 4, 5, 2], k: [1, 1], pad: [2, 1, 0, 3] },
    { x: [1, 3, 12, 2], k: [1, 9], stride: 2, pad: [0, 4, 0, 4], act: "tanh" },
  ],
  data(p) {
    const weights = [p.x[3], 1, ...p.k];
    const values = noise(product(weights), 2);
    return {
      x: stored(p.x, 1),
      w: stored(packDepthwise(values, weights).shape, values, {
        pack: (v) => packDepthwise(v, weights).data,
        unpack: (v) => unpackDepthwise(v, weights),
      }),
      // Large enough to reach the upper end of relu6.
      bias: f32([p.x[3]], p.act === "relu6" ? noise(p.x[3], 3).map((v) => 12 * v) : 3),
    };
  },
  args: (t, { k: [kh, kw], x: _shape, ...how }) => ({ ...t, kh, kw, ...how }) as never,
  forward: (v, p) => ({ y: depthwiseReference(given(depthwiseOf(p), v)) }),
  backward: (v, p, { y }) => depthwiseGradients(given(depthwiseOf(p), v), y),
  terms(p) {
    const [taps, pixels] = [product(p.k), product(depthwiseShape(depthwiseOf(p)).slice(0, 3))];
    const more = p.act === "tanh" ? 100 : 0;
    return { y: taps, x: taps + more, w: pixels + more, bias: pixels + more };
  },
  f16: true,
  variants: ["depthwise_conv"],
};

const linear: OpCase<"linear", { n: number; k: number; shape: number[] }> = {
  example: {
    of: { n: 1, k: 2, shape: [1, 3] },
    values: { x: [10, 1], w: [1, 2, 3, 4, 5, 6], bias: [100, 200, 300] },
    gives: { y: [114, 225, 336] },
  },
  settings: [
    { n: 1, k: 37, shape: [1, 2, 3, 8] },
    { n: 5, k: 6, shape: [5, 1, 1, 20] },
    { n: 2, k: 256, shape: [2, 7] },
    { n: 1, k: 37, shape: [1, 1, 3, 8] },
    { n: 2, k: 9, shape: [2, 7] },
  ],
  data({ n, k, shape }) {
    const m = product(shape) / n;
    return { x: stored([n, k], 1), w: stored([k, m], 2), bias: f32([m], 3) };
  },
  args: ({ x, w, bias }, { shape }) => ({ x, w, bias, shape }),
  forward: ({ x, w, bias }, { n, k }) => ({ y: linearReference(x, w, bias, n, k, bias.length) }),
  backward: ({ x, w, bias }, { n, k }, { y }) => linearGradients(x, w, y, n, k, bias.length),
  terms: ({ n, k, shape }) => ({ y: k, x: product(shape) / n, w: n, bias: n }),
  f16: true,
};

const winogradWeights: OpCase<"winogradWeights", { oihw: Shape }> = {
  // G w G^T of a kernel of its middle alone: +-1/4 in the four middle matrices, whose first column holds it.
  example: {
    of: { oihw: [1, 1, 3, 3] },
    values: { w: [0, 0, 0, 0, 4, 0, 0, 0, 0] },
    gives: {
      y: [0, 0, 0, 0, 0, 1, -1, 0, 0, -1, 1, 0, 0, 0, 0, 0].flatMap((u) => [u, ...Array<number>(63).fill(0)]),
    },
  },
  settings: [{ oihw: [5, 6, 3, 3] }, { oihw: [34, 3, 3, 3] }],
  data: ({ oihw }) => ({ w: convWeights(oihw, 1) }),
  args: ({ w }) => ({ w }),
  forward: ({ w }, { oihw }) => ({ y: winogradReference(w, oihw) }),
  backward: notDifferentiable,
  terms: () => 9,
  f16: true,
};

export const convCases = {
  blockColumns,
  conv2d,
  convTranspose,
  depthwiseConv,
  linear,
  unblockColumns,
  winogradWeights,
};
