import { expect, test } from "vitest";
import { activation } from "../../kernels/shape/activation.ts";
import { product } from "../../src/runtime/index.ts";
import { activationReference } from "../reference/activation.ts";
import { evaluate, noise, relativeError } from "../support/device.ts";

test.each(["leaky", "relu", "tanh"] as const)("%s equals the float64 reference, up to +-1e4", async (kind) => {
  const shape = [2, 1, 9, 7];
  const x = noise(product(shape), 1).map((v) => 3 * v);
  x.set([1e4, -1e4, 89, -89, 15, -15, 0, -0]);
  const { y } = await evaluate((g, inputs) => ({ y: activation(g, { x: inputs.tensor("x", shape, x), kind }) }));
  const ref = Float64Array.from(x, activationReference[kind]);
  expect([...y].every(Number.isFinite)).toBe(true);
  expect(relativeError(y.slice(8), ref.slice(8))).toBeLessThan(2e-6);
  for (let i = 0; i < 8; i++) expect(Math.abs(y[i] - ref[i])).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(ref[i])));
});
