import { expect, test } from "vitest";
import { resize } from "../../kernels/shape/resize.ts";
import { product } from "../../src/runtime/index.ts";
import { resizeReference } from "../reference/resize.ts";
import { evaluate, noise, relativeError } from "../support/device.ts";

test.each([
  // 376 -> 40: float32's scale gives other pixels here than whole-number arithmetic
  { x: [1, 1, 376, 3], h: 1, w: 40, mode: "nearest" },
  { x: [2, 5, 3, 6], h: 9, w: 7, mode: "nearest" },
  { x: [2, 5, 3, 6], h: 9, w: 7, mode: "bilinear" },
  { x: [1, 12, 1, 39], h: 5, w: 3, mode: "bilinear" },
] as const)("resize $mode equals the float64 reference: x $x to $h x $w", async ({ x, h, w, mode }) => {
  const xs = noise(product(x), 1);
  const { y } = await evaluate((g, inputs) => ({ y: resize(g, { x: inputs.tensor("x", x, xs), h, w, mode }) }));
  expect(relativeError(y, resizeReference(xs, x, h, w, mode))).toBeLessThan(mode === "nearest" ? 1e-9 : 2e-6);
});
