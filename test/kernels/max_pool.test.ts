import { expect, test } from "vitest";
import { maxPool, maxPoolPlan } from "../../kernels/max_pool.ts";
import { product } from "../../src/runtime/index.ts";
import { maxPoolReference } from "../reference/max_pool.ts";
import { centralDifferences, dot, evaluateGradients } from "../support/central.ts";
import { noise, relativeError } from "../support/device.ts";

test.each([
  { x: [2, 5, 6, 3], k: 2, stride: 2, ceil: false },
  { x: [1, 9, 6, 5], k: 3, stride: 2, ceil: true },
  { x: [1, 8, 7, 4], k: 3, stride: 2, ceil: true },
])(
  "maxPool and its gradient equal the float64 reference: $x, $k/$stride, ceil $ceil",
  async ({ x, k, stride, ceil }) => {
    // Few values, so that windows hold equal ones.
    const xs = noise(product(x), 1).map((v) => Math.round(v * 4));
    const [, oh, ow, c] = maxPoolPlan(x, k, stride, ceil);
    const dy = noise(x[0] * oh * ow * c, 2);
    const got = await evaluateGradients(dy, (g, inputs) => {
      const t = inputs.tensor("x", x, xs);
      return { y: maxPool(g, { x: t, k, stride, ceil }), wrt: { dx: t } };
    });
    const ref = maxPoolReference(xs, x, { k, stride, oh, ow }, dy);
    expect(relativeError(got.y, ref.y)).toBe(0);
    expect(relativeError(got.dx, ref.dx)).toBeLessThan(1e-6);
  },
);

test("the reference's gradient equals central differences", () => {
  const x = [1, 5, 4, 2];
  const size = { k: 3, stride: 2, oh: 2, ow: 2 };
  const xs = noise(product(x), 3);
  const dy = noise(8, 4);
  const f = (v: Float64Array): number => dot(maxPoolReference(v, x, size).y, dy);
  expect(relativeError(maxPoolReference(xs, x, size, dy).dx, centralDifferences(f, xs))).toBeLessThan(1e-6);
});

test("sizes are torch's", () => {
  expect(maxPoolPlan([1, 5, 4, 1], 2, 2)).toEqual([1, 2, 2, 1]);
  expect(maxPoolPlan([1, 6, 7, 1], 3, 2, true)).toEqual([1, 3, 3, 1]);
  expect(maxPoolPlan([1, 109, 29, 1], 3, 2, true)).toEqual([1, 54, 14, 1]);
  expect(() => maxPoolPlan([1, 1, 4, 1], 2, 2)).toThrow(/no 2x2 window/);
});
