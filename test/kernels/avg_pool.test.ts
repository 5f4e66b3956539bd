import { expect, test } from "vitest";
import { avgPool, avgPoolPlan } from "../../kernels/shape/avg_pool.ts";
import { product } from "../../src/runtime/index.ts";
import { avgPoolReference } from "../reference/avg_pool.ts";
import { evaluate, noise, relativeError } from "../support/device.ts";

test.each([[[2, 7, 8, 6]], [[1, 1, 5, 39]], [[1, 6, 1, 3]]])(
  "avgPool equals the float64 reference: x %j",
  async (x) => {
    const xs = noise(product(x), 1);
    const { y } = await evaluate((g, inputs) => ({ y: avgPool(g, { x: inputs.tensor("x", x, xs) }) }));
    expect(relativeError(y, avgPoolReference(xs, x))).toBeLessThan(1e-6);
  },
);

test("avgPool's sizes are the published ones", () => {
  expect(avgPoolPlan([1, 256, 255, 3])).toEqual([1, 128, 128, 3]);
});
