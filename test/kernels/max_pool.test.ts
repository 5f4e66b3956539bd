import { expect, test } from "vitest";
import { gradients } from "../../kernels/gradients.ts";
import { maxPool } from "../../kernels/shape/max_pool.ts";
import { evaluate } from "../support/device.ts";

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
