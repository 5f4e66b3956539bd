import { expect, test } from "vitest";
import { gradients } from "../../kernels/gradients.ts";
import { maxPool, maxPoolPlan } from "../../kernels/shape/max_pool.ts";
import { product } from "../../src/runtime/index.ts";
import { maxPoolReference } from "../reference/max_pool.ts";
import { centralDifferences, dot } from "../support/central.ts";
import { evaluate, noise, relativeError } from "../support/device.ts";

const cases = [
  { x: [2, 5, 6, 3], k: 2, stride: 2, ceil: false },
  { x: [1, 9, 6, 5], k: 3, stride: 2, ceil: true },
  { x: [1, 8, 7, 4], k: 3, stride: 2, ceil: true },
  { x: [2, 10, 13, 34], k: 3, stride: 2, ceil: true },
  { x: [1, 6, 9, 10], k: 3, stride: 1, ceil: false },
  { x: [1, 11, 8, 2], k: 2, stride: 3, ceil: true },
  { x: [1, 17, 12, 7], k: 5, stride: 2, ceil: true },
];
test.each(cases.flatMap((c) => (["f32", "f16"] as const).map((dtype) => ({ ...c, dtype }))))(
  "maxPool and its gradient are the float64 reference's: $x, $k/$stride, ceil $ceil, $dtype",
  async ({ x, k, stride, ceil, dtype }) => {
    // Few values, so that windows hold equal ones; sums of these cotangents are exact in f16.
    const xs = noise(product(x), 1).map((v) => Math.round(v * 4));
    const out = maxPoolPlan(x, k, stride, ceil);
    const dy = noise(product(out), 2).map((v) => Math.round(v * 64) / 64);
    const got = await evaluate((g, inputs) => {
      const t = inputs.tensor("x", x, xs, dtype);
      const y = maxPool(g, { x: t, k, stride, ceil });
      return { y, dx: gradients(g, new Map([[y, inputs.tensor("dy", out, dy, dtype)]]), [t]).get(t)! };
    });
    const ref = maxPoolReference(xs, x, { k, stride, oh: out[1], ow: out[2] }, dy);
    expect(relativeError(got.y, ref.y)).toBe(0);
    expect(relativeError(got.dx, ref.dx)).toBe(0);
  },
);

test("the gradient of a window of equal values goes to its first pixel, over the picture's edge too", async () => {
  const x = [1, 4, 4, 1];
  const got = await evaluate((g, inputs) => {
    const t = inputs.tensor("x", x, new Float32Array(16).fill(-3));
    const y = maxPool(g, { x: t, k: 3, stride: 2, ceil: true });
    const dy = inputs.tensor("dy", y.shape, Float32Array.of(1, 2, 4, 8));
    return { dx: gradients(g, new Map([[y, dy]]), [t]).get(t)! };
  });
  expect([...got.dx]).toEqual([1, 0, 2, 0, 0, 0, 0, 0, 4, 0, 8, 0, 0, 0, 0, 0]);
});

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
  expect(() => maxPoolPlan([1, 20, 20, 1], 16, 2)).toThrow(/window of 16x16/);
});
