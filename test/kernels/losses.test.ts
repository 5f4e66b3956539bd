import { describe, expect, test } from "vitest";
import { ganLoss, ganLossPlan, ganModes, type GanSide } from "../../kernels/loss/gan_loss.ts";
import { kld } from "../../kernels/loss/kld.ts";
import { l1Mean, l1MeanPlan } from "../../kernels/loss/l1_mean.ts";
import { reparameterise } from "../../kernels/loss/reparameterise.ts";
import { product } from "../../src/runtime/index.ts";
import { ganLogit, ganLossReference, kldReference, l1MeanReference } from "../reference/losses.ts";
import { centralDifferences, evaluateGradients } from "../support/central.ts";
import { evaluate, noise, relativeError } from "../support/device.ts";

const SIDES: GanSide[] = ["D_real", "D_fake", "G"];
const seed = Float32Array.of(1.5);

test("l1Mean of the halves of one batch, and its gradient on the first", async () => {
  const x = [4, 3, 5, 6];
  const xs = noise(product(x), 1);
  const half = xs.length / 2;
  const got = await evaluateGradients(seed, (g, inputs) => {
    const t = inputs.tensor("x", x, xs);
    return { y: l1Mean(g, { a: t, b: t, scale: 5, images: 2, bFrom: 2 }), wrt: { dx: t } };
  });
  const ref = l1MeanReference(xs.subarray(0, half), xs.subarray(half), 5);
  expect(Math.abs(got.y[0] / ref.loss - 1)).toBeLessThan(1e-6);
  expect(
    relativeError(
      got.dx.subarray(0, half),
      ref.grad.map((v) => v * 1.5),
    ),
  ).toBeLessThan(1e-6);
  expect(got.dx.subarray(half).every((v) => v === 0)).toBe(true);
  expect(() => l1MeanPlan([2, 3], [2, 4])).toThrow(/alike/);
});

test("l1Mean of many values: the shares of a full grid", async () => {
  const shape = [1, 70, 260, 4];
  const [as, bs] = [noise(product(shape), 1), noise(product(shape), 2)];
  const { y } = await evaluate((g, inputs) => ({
    y: l1Mean(g, { a: inputs.tensor("a", shape, as), b: inputs.tensor("b", shape, bs), scale: 1 }),
  }));
  expect(Math.abs(y[0] / l1MeanReference(as, bs, 1).loss - 1)).toBeLessThan(1e-6);
});

describe.each(ganModes)("ganLoss %s", (mode) => {
  test.each(SIDES)("%s, with its gradient", async (side) => {
    const shape = [3, 4, 5, 1];
    const p = noise(60, 3).map((v) => 3 * v);
    p.set([1e4, -1e4, 1, -1], 20);
    const got = await evaluateGradients(seed, (g, inputs) => {
      const logits = inputs.tensor("p", shape, p);
      return { y: ganLoss(g, { logits, mode, side, from: 1, images: 2, scale: 0.5 }), wrt: { dp: logits } };
    });
    const ref = ganLossReference(p.subarray(20), mode, side, 0.5);
    expect(Math.abs(got.y[0] - ref.loss)).toBeLessThan(1e-5 * Math.abs(ref.loss));
    expect(
      relativeError(
        got.dp.subarray(20),
        ref.grad.map((v) => v * 1.5),
      ),
    ).toBeLessThan(1e-5);
    expect(got.dp.subarray(0, 20).every((v) => v === 0)).toBe(true);
  });

  test("the reference's slopes equal central differences", () => {
    for (const side of SIDES) {
      for (const p of [-2.5, -0.3, 0.4, 2.2]) {
        const [slope] = centralDifferences(([v]) => ganLogit(mode, side, v)[0], [p]);
        expect(ganLogit(mode, side, p)[1]).toBeCloseTo(slope, 6);
      }
    }
  });
});

test("ganLoss has the published values, and refuses images that are not there", () => {
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
  expect(() => ganLossPlan([2, 4, 4, 1], 1, 2)).toThrow(/no images 1\.\.3/);
});

test("kld and its gradients", async () => {
  const shape = [3, 6];
  const [mu, logvar] = [noise(18, 1), noise(18, 2).map((v) => 4 * v)];
  logvar[0] = -1e4;
  const got = await evaluateGradients(seed, (g, inputs) => {
    const t = { mu: inputs.tensor("mu", shape, mu), logvar: inputs.tensor("logvar", shape, logvar) };
    return { y: kld(g, { ...t, scale: 0.05 }), wrt: t };
  });
  const ref = kldReference(mu, logvar, 0.05);
  expect(Math.abs(got.y[0] / ref.loss - 1)).toBeLessThan(1e-6);
  expect(
    relativeError(
      got.mu,
      ref.mu.map((v) => v * 1.5),
    ),
  ).toBeLessThan(1e-6);
  expect(
    relativeError(
      got.logvar,
      ref.logvar.map((v) => v * 1.5),
    ),
  ).toBeLessThan(1e-6);
  const small = noise(18, 2);
  const exact = kldReference(mu, small, 0.05);
  expect(
    relativeError(
      exact.logvar,
      centralDifferences((l) => kldReference(mu, l, 0.05).loss, small),
    ),
  ).toBeLessThan(1e-7);
  expect(
    relativeError(
      exact.mu,
      centralDifferences((m) => kldReference(m, small, 0.05).loss, mu),
    ),
  ).toBeLessThan(1e-7);
});

test("reparameterise and its gradients", async () => {
  const shape = [2, 5];
  const [mu, logvar, eps, dz] = [1, 2, 3, 4].map((s) => noise(10, s));
  const got = await evaluateGradients(dz, (g, inputs) => {
    const t = { mu: inputs.tensor("mu", shape, mu), logvar: inputs.tensor("logvar", shape, logvar) };
    return { y: reparameterise(g, { ...t, eps: inputs.tensor("eps", shape, eps) }), wrt: t };
  });
  const z = (i: number, l: number): number => mu[i] + Math.exp(l / 2) * eps[i];
  expect(
    relativeError(
      got.y,
      mu.map((_, i) => z(i, logvar[i])),
    ),
  ).toBeLessThan(1e-6);
  expect(got.mu).toEqual(dz);
  const expected = dz.map((d, i) => d * centralDifferences(([l]) => z(i, l), [logvar[i]])[0]);
  expect(relativeError(got.logvar, expected)).toBeLessThan(1e-6);
});
