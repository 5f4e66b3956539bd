import { expect, test } from "vitest";
import { add, addPlan } from "../../kernels/shape/add.ts";
import { addReference } from "../reference/add.ts";
import { evaluate, noise } from "../support/device.ts";

test("add equals the float64 sum, rounded", async () => {
  const shape = [2, 3, 1, 39];
  const [a, b] = [noise(234, 1), noise(234, 2)];
  const { y } = await evaluate((g, inputs) => ({
    y: add(g, { a: inputs.tensor("a", shape, a), b: inputs.tensor("b", shape, b) }),
  }));
  expect(y).toEqual(Float32Array.from(addReference(a, b)));
});

test("add refuses shapes that differ", () => {
  expect(() => addPlan([1, 4, 4, 8], [1, 4, 4, 4])).toThrow(/\[1,4,4,8\] and \[1,4,4,4\] differ/);
});
