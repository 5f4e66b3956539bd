// What is special about the losses; test/kernels/ops.test.ts compares them with their references.

import { describe, expect, test } from "vitest";
import { ganLoss, ganModes, type GanSide } from "../../kernels/loss/gan_loss.ts";
import { kld } from "../../kernels/loss/kld.ts";
import { l1Mean } from "../../kernels/loss/l1_mean.ts";
import { product } from "../../src/runtime/index.ts";
import { ganLossReference, kldReference, l1MeanReference } from "../reference/losses.ts";
import { noise, relativeError } from "../support/device.ts";
import { evaluateGradients } from "../support/gradcheck.ts";
import { EXP_ERROR, sumError } from "../tolerances.ts";

const SIDES: GanSide[] = ["D_real", "D_fake", "G"];
const seed = Float32Array.of(1.5);

test("l1Mean of the halves of one batch, and its gradient on the first", async () => {
  const x = [4, 3, 5, 6];
  const xs = noise(product(x), 1);
  const half = xs.length / 2;
  const got = await evaluateGradients((g, inputs) => {
    const t = inputs.tensor("x", x, xs);
    return { y: l1Mean(g, { a: t, b: t, scale: 5, images: 2, bFrom: 2 }), wrt: { dx: t } };
  }, seed);
  const ref = l1MeanReference(xs.subarray(0, half), xs.subarray(half), 5);
  expect(relativeError(got.y, [ref.loss])).toBeLessThan(sumError(half));
  expect(
    relativeError(
      got.dx.subarray(0, half),
      ref.grad.map((v) => v * 1.5),
    ),
  ).toBeLessThan(sumError(1));
  expect(got.dx.subarray(half).every((v) => v === 0)).toBe(true);
});

describe.each(ganModes)("ganLoss %s", (mode) => {
  test.each(SIDES)("%s of logits up to +-1e4, of some images", async (side) => {
    const shape = [3, 4, 5, 1];
    const p = noise(60, 3).map((v) => 3 * v);
    p.set([1e4, -1e4, 1, -1], 20);
    const got = await evaluateGradients((g, inputs) => {
      const logits = inputs.tensor("p", shape, p);
      return { y: ganLoss(g, { logits, mode, side, from: 1, images: 2, scale: 0.5 }), wrt: { dp: logits } };
    }, seed);
    const ref = ganLossReference(p.subarray(20), mode, side, 0.5);
    const slopes = ref.grad.map((v) => v * 1.5);
    expect(relativeError(got.y, [ref.loss])).toBeLessThan(EXP_ERROR);
    expect(relativeError(got.dp.subarray(20), slopes)).toBeLessThan(EXP_ERROR);
    expect(got.dp.subarray(0, 20).every((v) => v === 0)).toBe(true);
  });
});

test("ganLoss has the published values", () => {
  // Logits D0 = {0.5, -2}, D1 = {3}; mean over the scales.
  const both = (mode: string, side: string): number =>
    (ganLossReference([0.5, -2], mode, side, 1).loss + ganLossReference([3], mode, side, 1).loss) / 2;
  expect(both("hinge", "D_real")).toBeCloseTo(0.875, 6);
  expect(both("hinge", "D_fake")).toBeCloseTo(2.375, 6);
  expect(both("hinge", "G")).toBeCloseTo(-1.125, 6);
  expect(both("ls", "D_real")).toBeCloseTo(4.3125, 6);
  expect(both("ls", "D_fake")).toBeCloseTo(5.5625, 6);
  expect(both("original", "G")).toBeCloseTo(0.674545, 6);
  expect(both("original", "D_fake")).toBeCloseTo(1.799545, 6);
});

test("kld of a logvar of -1e4", async () => {
  const shape = [3, 6];
  const [mu, logvar] = [noise(18, 1), noise(18, 2).map((v) => 4 * v)];
  logvar[0] = -1e4;
  const got = await evaluateGradients((g, inputs) => {
    const t = { mu: inputs.tensor("mu", shape, mu), logvar: inputs.tensor("logvar", shape, logvar) };
    return { y: kld(g, { ...t, scale: 0.05 }), wrt: t };
  }, seed);
  const ref = kldReference(mu, logvar, 0.05);
  expect(relativeError(got.y, [ref.loss])).toBeLessThan(sumError(18));
  for (const name of ["mu", "logvar"] as const) {
    const expected = ref[name].map((v) => v * 1.5);
    expect(relativeError(got[name], expected), name).toBeLessThan(sumError(1));
  }
});
