import { expect, test } from "vitest";
import { reflectPad, reflectPadPlan } from "../../kernels/shape/reflect_pad.ts";
import { product } from "../../src/runtime/index.ts";
import { reflectPadReference } from "../reference/reflect_pad.ts";
import { evaluate, noise, relativeError } from "../support/device.ts";
import { evaluateGradients, gradcheck } from "../support/gradcheck.ts";

test.each([
  { x: [2, 5, 6, 3], pad: 1 },
  { x: [1, 9, 4, 8], pad: 3 },
  // Every pixel but the corners' lines has three copies an axis.
  { x: [1, 4, 4, 5], pad: 3 },
  { x: [2, 3, 1, 2], pad: 0 },
])("reflectPad and its gradient equal the float64 reference: $x, $pad", async ({ x, pad }) => {
  const xs = noise(product(x), 1);
  const dy = noise(product(reflectPadPlan(x, pad)), 2);
  const ref = reflectPadReference(xs, x, pad, dy);
  const { y } = await evaluate((g, inputs) => ({ y: reflectPad(g, { x: inputs.tensor("x", x, xs), pad }) }));
  expect(relativeError(y, ref.y)).toBe(0);
  const got = await evaluateGradients((g, inputs) => {
    const t = inputs.tensor("x", x, xs);
    return { y: reflectPad(g, { x: t, pad }), wrt: { x: t } };
  }, dy);
  expect(relativeError(got.x, ref.dx)).toBeLessThan(1e-6);
});

test("the reference is torch's ReflectionPad2d, and its gradient equals central differences", () => {
  expect([...reflectPadReference([1, 2, 3, 4], [1, 2, 2, 1], 1).y]).toEqual([
    ...[4, 3, 4, 3],
    ...[2, 1, 2, 1],
    ...[4, 3, 4, 3],
    ...[2, 1, 2, 1],
  ]);
  const [x, pad] = [[1, 4, 3, 2], 2];
  const xs = noise(product(x), 3);
  const dy = noise(product(reflectPadPlan(x, pad)), 4);
  const { dx } = reflectPadReference(xs, x, pad, dy);
  gradcheck("reflectPad", (a) => reflectPadReference(a.x, x, pad).y, { x: xs }, { x: dx }, dy);
});

test("a pad that reaches over the picture is refused", () => {
  expect(reflectPadPlan([1, 4, 5, 2], 3)).toEqual([1, 10, 11, 2]);
  expect(() => reflectPadPlan([1, 3, 5, 2], 3)).toThrow(/has no 3 pixels beside its border/);
});
