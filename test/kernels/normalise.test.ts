import { expect, test } from "vitest";
import { normalise, normalisePlan } from "../../kernels/norm/normalise.ts";
import { product } from "../../src/runtime/index.ts";
import { normaliseReference } from "../reference/normalise.ts";
import { centralDifferences, dot, evaluateGradients } from "../support/central.ts";
import { noise, relativeError } from "../support/device.ts";

function values(x: readonly number[], groups: number, affine: boolean): Record<string, Float32Array> {
  const c = x[3];
  return {
    x: noise(product(x), 1),
    mean: noise(groups * c, 2),
    rstd: noise(groups * c, 3).map((v) => 1.5 + v),
    ...(affine ? { weight: noise(c, 4), bias: noise(c, 5) } : {}),
  };
}

test.each([
  { x: [2, 5, 7, 6], groups: 2, slope: 0.2, affine: false },
  { x: [2, 19, 9, 5], groups: 1, slope: 0.2, affine: true },
  { x: [1, 1, 3, 39], groups: 1, slope: 1, affine: false },
])(
  "normalise and its gradients equal the float64 reference: $x, $groups groups, slope $slope, affine $affine",
  async ({ x, groups, slope, affine }) => {
    const a = values(x, groups, affine);
    const dy = noise(product(x), 6);
    const shapes: Record<string, number[]> = {
      x,
      mean: [groups, x[3]],
      rstd: [groups, x[3]],
      weight: [x[3]],
      bias: [x[3]],
    };
    const got = await evaluateGradients(dy, (g, inputs) => {
      const t = Object.fromEntries(Object.keys(a).map((name) => [name, inputs.tensor(name, shapes[name], a[name])]));
      return { y: normalise(g, { x: t.x, mean: t.mean, rstd: t.rstd, weight: t.weight, bias: t.bias, slope }), wrt: t };
    });
    const ref = normaliseReference(a as never, x, { groups, slope: Math.fround(slope) }, dy);
    for (const name of ["y", ...Object.keys(a)] as (keyof typeof ref)[]) {
      expect(relativeError(got[name], ref[name]), name).toBeLessThan(2e-6);
    }
  },
);

test("the reference's gradients equal central differences", () => {
  const x = [2, 2, 3, 3];
  const a = values(x, 2, true);
  const dy = noise(product(x), 6);
  const how = { groups: 2, slope: 0.2 };
  const ref = normaliseReference(a as never, x, how, dy);
  for (const name of Object.keys(a) as (keyof typeof ref)[]) {
    const f = (v: Float64Array): number => dot(normaliseReference({ ...a, [name]: v } as never, x, how).y, dy);
    expect(relativeError(ref[name], centralDifferences(f, a[name])), name).toBeLessThan(1e-7);
  }
});

test("normalise refuses statistics and weights of another layer", () => {
  expect(() => normalisePlan([2, 3, 3, 8], [3, 8], [3, 8], [])).toThrow(/3 rows of statistics for 2 images/);
  expect(() => normalisePlan([2, 3, 3, 8], [1, 8], [1, 8], [[8], undefined])).toThrow(/weight and bias/);
});
