// Cases of kernels/loss/.

import { ganModes, type GanMode, type GanSide } from "../../../kernels/loss/gan_loss.ts";
import { product } from "../../../src/runtime/index.ts";
import { ganLossReference, kldReference, l1MeanReference } from "../../reference/losses.ts";
import { noise } from "../../support/device.ts";
import { stored, type OpCase } from "../../support/op_case.ts";

type Shape = readonly number[];
const SIDES: readonly GanSide[] = ["D_real", "D_fake", "G"];

/** Adds zeros before and behind the numbers of some images. */
function among(values: ArrayLike<number>, all: number, from: number): Float64Array {
  const out = new Float64Array(all);
  out.set(values, from);
  return out;
}

interface Gan {
  logits: Shape;
  mode: GanMode;
  side: GanSide;
  from?: number;
  images?: number;
  scale: number;
}

const ganLoss: OpCase<"ganLoss", Gan> = {
  // max(0, 1 - p) of 0.5 and -2: (0.5 + 3) / 2
  example: {
    of: { logits: [1, 1, 2, 1], mode: "hinge", side: "D_real", scale: 1 },
    values: { logits: [0.5, -2] },
    gives: { y: [1.75] },
  },
  settings: ganModes.flatMap((mode) =>
    SIDES.map((side) => ({ logits: [3, 4, 5, 1], mode, side, from: 1, images: 2, scale: 0.5 })),
  ),
  data: ({ logits }) => ({
    logits: stored(
      logits,
      noise(product(logits), 3).map((v) => 3 * v),
    ),
  }),
  args: ({ logits }, { logits: _shape, ...how }) => ({ logits, ...how }),
  forward: (v, p) => ({ y: [ganOf(v.logits, p).loss] }),
  backward: (v, p, { y }) => ({
    logits: among(
      ganOf(v.logits, p).grad.map((g) => g * y[0]),
      v.logits.length,
      firstOf(p.logits, p.from),
    ),
  }),
  terms: () => ({ y: 40, logits: 1 }),
  f16: true,
};

const firstOf = (shape: Shape, from = 0): number => from * product(shape.slice(1));
const partOf = (values: ArrayLike<number>, shape: Shape, from = 0, images = shape[0] - from): number[] =>
  Array.from(values).slice(firstOf(shape, from), firstOf(shape, from + images));
const ganOf = (values: ArrayLike<number>, { logits, mode, side, from, images, scale }: Gan) =>
  ganLossReference(partOf(values, logits, from, images), mode, side, scale);

const kld: OpCase<"kld", { shape: Shape; scale: number }> = {
  // -(1 + 0 - 4 - 1) / 2 of the first, 0 of the second
  example: { of: { shape: [1, 2], scale: 3 }, values: { mu: [2, 0], logvar: [0, 0] }, gives: { y: [6] } },
  settings: [
    { shape: [3, 6], scale: 0.05 },
    { shape: [1, 256], scale: 1 },
  ],
  data: ({ shape }) => ({
    mu: stored(shape, 1),
    logvar: stored(
      shape,
      noise(product(shape), 2).map((v) => 4 * v),
    ),
  }),
  args: ({ mu, logvar }, { scale }) => ({ mu, logvar, scale }),
  forward: ({ mu, logvar }, { scale }) => ({ y: [kldReference(mu, logvar, scale).loss] }),
  backward({ mu, logvar }, { scale }, { y }) {
    const ref = kldReference(mu, logvar, scale);
    return { mu: ref.mu.map((v) => v * y[0]), logvar: ref.logvar.map((v) => v * y[0]) };
  },
  terms: ({ shape }) => ({ y: 4 * Math.sqrt(product(shape)), mu: 1, logvar: 1 }),
  f16: true,
};

interface L1 {
  a: Shape;
  b: Shape;
  scale: number;
  images?: number;
  aFrom?: number;
  bFrom?: number;
}

const l1Of = (a: ArrayLike<number>, b: ArrayLike<number>, p: L1) =>
  l1MeanReference(partOf(a, p.a, p.aFrom, p.images), partOf(b, p.b, p.bFrom, p.images), p.scale);

const l1Mean: OpCase<"l1Mean", L1> = {
  example: {
    of: { a: [1, 2], b: [1, 2], scale: 10 },
    values: { a: [1, 5], b: [4, 4] },
    gives: { y: [20] },
  },
  settings: [
    { a: [4, 3, 5, 6], b: [4, 3, 5, 6], scale: 5, images: 2, bFrom: 2 },
    { a: [2, 1, 3, 5], b: [3, 1, 3, 5], scale: 1, images: 1, aFrom: 1, bFrom: 2 },
    // The shares of a full grid.
    { a: [1, 70, 260, 4], b: [1, 70, 260, 4], scale: 1 },
  ],
  data: ({ a, b }) => ({ a: stored(a, 1), b: stored(b, 2) }),
  args: ({ a, b }, { a: _a, b: _b, ...how }) => ({ a, b, ...how }),
  forward: ({ a, b }, p) => ({ y: [l1Of(a, b, p).loss] }),
  backward: ({ a, b }, p, { y }) => ({
    a: among(
      l1Of(a, b, p).grad.map((g) => g * y[0]),
      a.length,
      firstOf(p.a, p.aFrom),
    ),
  }),
  // Shares are added up in two steps.
  terms: ({ a }) => ({ y: Math.sqrt(product(a)), a: 1 }),
  f16: true,
};

const reparameterise: OpCase<"reparameterise", { shape: Shape }> = {
  example: {
    of: { shape: [1, 2] },
    // exp(logvar / 2) is 1 and 2.
    values: { mu: [10, 20], logvar: [0, 2 * Math.LN2], eps: [3, -4] },
    gives: { y: [13, 12] },
  },
  settings: [{ shape: [2, 5] }, { shape: [1, 256] }],
  data: ({ shape }) => ({ mu: stored(shape, 1), logvar: stored(shape, 2), eps: stored(shape, 3) }),
  args: ({ mu, logvar, eps }) => ({ mu, logvar, eps }),
  forward: ({ mu, logvar, eps }) => ({ y: Array.from(mu, (m, i) => m + Math.exp(logvar[i] / 2) * eps[i]) }),
  backward: ({ logvar, eps }, _p, { y }) => ({
    mu: y,
    logvar: Array.from(eps, (e, i) => (y[i] * e * Math.exp(logvar[i] / 2)) / 2),
  }),
  terms: () => ({ y: 1, mu: 0, logvar: 1 }),
  f16: true,
};

export const lossCases = { ganLoss, kld, l1Mean, reparameterise };
