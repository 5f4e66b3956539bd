import { expect, test } from "vitest";
import { linear, linearBand, linearPlan } from "../../kernels/conv/linear.ts";
import { Graph, Program } from "../../src/runtime/index.ts";
import { linearReference } from "../reference/linear.ts";
import { evaluate, external, noise, relativeError, testDevice } from "../support/device.ts";

test.each([
  { n: 1, k: 37, shape: [1, 2, 3, 8] },
  { n: 5, k: 6, shape: [5, 1, 1, 20] },
  { n: 2, k: 256, shape: [2, 7] },
])("linear equals the float64 reference: $n rows, K $k, result $shape", async ({ n, k, shape }) => {
  const m = shape.slice(1).reduce((a, b) => a * b, 1);
  const [x, w, b] = [noise(n * k, 1), noise(k * m, 2), noise(m, 3)];
  const { y } = await evaluate((g, inputs) => ({
    y: linear(g, {
      x: inputs.tensor("x", [n, k], x),
      w: inputs.tensor("w", [k, m], w),
      bias: inputs.tensor("b", [m], b),
      shape,
    }),
  }));
  expect(relativeError(y, linearReference(x, w, b, n, k, m))).toBeLessThan(2e-6);
});

test("linear reads a w over the binding limit in bands of rows", async () => {
  const device = await testDevice();
  const [n, k, m] = [2, 144, 12];
  const [x, w, b] = [noise(n * k, 1), noise(k * m, 2), noise(m, 3)];
  const g = new Graph({
    ...device.target,
    limits: { ...device.target.limits, maxStorageBufferBindingSize: 48 * m * 4 },
  });
  const y = linear(g, {
    x: g.input("x", [n, k]),
    w: await external(g, "w", [k, m], w),
    bias: g.input("b", [m]),
    shape: [n, m],
  });
  expect(g.dispatches.length).toBe(3);
  g.output("y", y);
  const program = await Program.compile(g, device, { name: "test" });
  await program.run({ inputs: { x, b } });
  expect(relativeError(await program.read("y"), linearReference(x, w, b, n, k, m))).toBeLessThan(2e-6);
  program.dispose();
});

test("linear's plan: a result that does not fit is refused, bands keep the alignment", () => {
  expect(() => linearPlan([1, 4], [4, 24], [1, 2, 2, 5])).toThrow(/does not hold/);
  expect(linearBand(512, 131072 * 4, 134217728)).toBe(256);
  expect(linearBand(256, 65536 * 4, 134217728)).toBe(256);
});
