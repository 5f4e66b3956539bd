// Cases of kernels/optim/: what they update in place.

import { adamFactors } from "../../../kernels/optim/adam.ts";
import { emaFactors } from "../../../kernels/optim/ema.ts";
import { notDifferentiable, product } from "../../../src/runtime/index.ts";
import { noise } from "../../support/device.ts";
import { f16, f32, stored, type OpCase, type Values } from "../../support/op_case.ts";

type Shape = readonly number[];

interface Adam {
  shape: Shape;
  lr: number;
  /** The step, from 1. */
  t: number;
  beta1: number;
  beta2: number;
  /** The gradient comes this many times too large. */
  lossScale?: number;
  /** There is an f16 copy. */
  copied?: boolean;
  /** A flag is read. */
  overflow?: number;
}

const adam: OpCase<"adam", Adam> = {
  // m = (4 + 2) / 2, v = (0 + 2^2) / 4 and unbiased 1 / (1 - 3/4) = 4, p = 10 - 0.5 / (1 - 1/2) * 3 / 2
  example: {
    of: { shape: [1], lr: 0.5, t: 1, beta1: 0.5, beta2: 0.75 },
    values: { p: [10], m: [4], v: [0], grad: [2] },
    gives: { p: [8.5], m: [3], v: [1] },
  },
  settings: [
    { shape: [3, 5], lr: 0.1, t: 1, beta1: 0, beta2: 0.9 },
    { shape: [3, 5], lr: 0.1, t: 3, beta1: 0.5, beta2: 0.999, lossScale: 8, copied: true, overflow: 0 },
    { shape: [7, 39], lr: 2e-4, t: 100, beta1: 0.9, beta2: 0.999 },
    { shape: [3, 5], lr: 0.1, t: 3, beta1: 0.5, beta2: 0.9, copied: true, overflow: 1 },
  ],
  data({ shape, lr, t, beta1, beta2, lossScale = 1, copied, overflow }) {
    const n = product(shape);
    const at = (seed: number): Float32Array => noise(n, seed);
    return {
      p: f32(shape, at(1), { external: true }),
      m: f32(shape, at(2), { external: true }),
      v: f32(shape, at(3).map(Math.abs), { external: true }),
      grad: f32(
        shape,
        at(4).map((v, i) => (i === 0 ? 0 : v * lossScale)),
      ),
      factors: f32([4], adamFactors(lr, t, beta1, beta2, 1 / lossScale)),
      ...(copied ? { copied: f16(shape, at(5), { external: true }) } : {}),
      ...(overflow === undefined ? {} : { overflow: f32([1], Float32Array.of(overflow)) }),
    };
  },
  args: ({ p, m, v, grad, copied, overflow, factors }, { beta1, beta2 }) => ({
    ...{ p, m, v, grad, copied, overflow, factors },
    ...{ beta1, beta2 },
  }),
  forward(x, { lr, t, beta1, beta2, lossScale = 1, copied, overflow }): Values {
    if (overflow) return {};
    const grad = Array.from(x.grad, (g) => g / lossScale);
    const m = grad.map((g, i) => beta1 * x.m[i] + (1 - beta1) * g);
    const v = grad.map((g, i) => beta2 * x.v[i] + (1 - beta2) * g ** 2);
    const p = grad.map(
      (_, i) => x.p[i] - ((lr / (1 - beta1 ** t)) * m[i]) / (Math.sqrt(v[i]) / Math.sqrt(1 - beta2 ** t) + 1e-8),
    );
    return { p, m, v, ...(copied ? { copied: p } : {}) };
  },
  backward: notDifferentiable,
  terms: ({ overflow }) => (overflow ? 0 : 3),
  f16: false,
};

const ema: OpCase<"ema", { shape: Shape; decay?: number; half?: boolean; overflow?: number }> = {
  example: { of: { shape: [2], decay: 0.75 }, values: { y: [4, 0], x: [8, 4] }, gives: { y: [5, 1] } },
  settings: [
    { shape: [3, 5], decay: 0.9 },
    { shape: [3, 5], decay: 0 },
    { shape: [3, 5], half: true },
    { shape: [3, 5], decay: 0.9, overflow: 0 },
    { shape: [3, 5], decay: 0.9, overflow: 3 },
  ],
  data: ({ shape, decay, half, overflow }) => ({
    y: (half ? f16 : f32)(shape, 1, { external: true }),
    x: f32(shape, 2),
    ...(decay === undefined ? {} : { decay: f32([2], emaFactors(decay)) }),
    ...(overflow === undefined ? {} : { overflow: f32([1], Float32Array.of(overflow)) }),
  }),
  args: ({ y, x, decay, overflow }) => ({ y, x, decay, overflow }),
  forward: ({ y, x }, { decay = 0, overflow }): Values =>
    overflow ? {} : { y: Array.from(y, (v, i) => decay * v + (1 - decay) * x[i]) },
  backward: notDifferentiable,
  terms: ({ half, overflow }) => (half || overflow ? 0 : 2),
  f16: false,
};

const overflow: OpCase<"overflow", { sizes: readonly number[]; value?: number; at?: readonly [number, number] }> = {
  example: {
    of: { sizes: [2, 1] },
    values: { x0: [1, -Infinity], x1: [5] },
    gives: { y: [1] },
  },
  settings: [
    { sizes: [5, 4096 * 4 + 3, 1] },
    { sizes: [5, 4096 * 4 + 3, 1], value: NaN, at: [0, 4] },
    { sizes: [5, 4096 * 4 + 3, 1], value: Infinity, at: [1, 4096 * 4 + 2] },
    { sizes: [5, 4096 * 4 + 3, 1], value: -Infinity, at: [2, 0] },
  ],
  data: ({ sizes, value, at }) =>
    Object.fromEntries(
      sizes.map((n, i) => {
        const values = noise(n, i + 1).map((v) => v * 6e4);
        if (at?.[0] === i) values[at[1]] = value!;
        return [`x${i}`, stored([n], values)];
      }),
    ),
  args: (t) => ({ tensors: Object.values(t) }),
  // One for every thread that saw one.
  forward: (v) => ({ y: [Object.values(v).reduce((n, x) => n + (Array.from(x).every(Number.isFinite) ? 0 : 1), 0)] }),
  backward: notDifferentiable,
  terms: () => 0,
  f16: true,
};

export const optimCases = { adam, ema, overflow };
