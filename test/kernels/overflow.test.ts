import { expect, test } from "vitest";
import { overflow } from "../../kernels/optim/overflow.ts";
import { evaluate, noise } from "../support/device.ts";

const SIZES = [5, 4096 * 4 + 3, 1];

/** The flag over tensors of these sizes, one value of which is `value`. */
async function flag(value: number, tensor: number, at: number, dtype: "f32" | "f16"): Promise<number> {
  const { y } = await evaluate((g, inputs) => {
    const tensors = SIZES.map((n, i) => {
      const values = noise(n, i + 1).map((v) => v * 6e4);
      if (i === tensor) values[at] = value;
      return inputs.tensor(`${i}`, [n], values, dtype);
    });
    return { y: overflow(g, { tensors }) };
  });
  return y[0];
}

test.each(["f32", "f16"] as const)("an overflow anywhere in %s tensors is seen, and nothing else", async (dtype) => {
  for (const value of [0, -65504, 1e-8]) expect(await flag(value, 1, 7, dtype), `${value}`).toBe(0);
  if (dtype === "f32") expect(await flag(3.4e38, 1, 7, dtype)).toBe(0);
  for (const value of [Infinity, -Infinity, NaN]) {
    for (const [tensor, at] of [
      [0, 4],
      [1, 0],
      [1, 4096 * 4 + 2],
      [2, 0],
    ])
      expect(await flag(value, tensor, at, dtype), `${value} in ${tensor}, ${at}`).toBeGreaterThan(0);
  }
});
