import { expect, test } from "vitest";
import { activation } from "../../kernels/shape/activation.ts";
import { activationReference } from "../reference/activation.ts";
import { evaluate } from "../support/device.ts";
import { sumError } from "../tolerances.ts";

test.each(["leaky", "relu", "relu6", "tanh"] as const)("%s is right up to +-1e4", async (kind) => {
  const x = Float32Array.of(1e4, -1e4, 89, -89, 15, -15, 0, -0);
  const { y } = await evaluate((g, inputs) => ({ y: activation(g, { x: inputs.tensor("x", [2, 4], x), kind }) }));
  x.forEach((v, i) => {
    const ref = activationReference[kind](v);
    expect(Math.abs(y[i] - ref), `${v}`).toBeLessThanOrEqual(sumError(1) * Math.max(1, Math.abs(ref)));
  });
});
