import { expect, test } from "vitest";
import { addShared, addSharedPlan } from "../../kernels/shape/add_shared.ts";
import { product } from "../../src/runtime/index.ts";
import { centralDifferences, dot, evaluateGradients } from "../support/central.ts";
import { noise, relativeError } from "../support/device.ts";

/** y = leaky(x[n] + shared[n mod S]) in float64. */
const reference = (x: ArrayLike<number>, shared: ArrayLike<number>, slope: number): Float64Array =>
  Float64Array.from(x, (v, i) => {
    const o = v + shared[i % shared.length];
    return o > 0 ? o : slope * o;
  });

test("addShared and its gradients", async () => {
  const [x, shared] = [
    [4, 3, 2, 5],
    [2, 3, 2, 5],
  ];
  const a = { x: noise(product(x), 1), shared: noise(product(shared), 2) };
  const dy = noise(product(x), 3);
  const got = await evaluateGradients(dy, (g, inputs) => {
    const t = { x: inputs.tensor("x", x, a.x), shared: inputs.tensor("shared", shared, a.shared) };
    return { y: addShared(g, { ...t, slope: 0.2 }), wrt: t };
  });
  expect(relativeError(got.y, reference(a.x, a.shared, 0.2))).toBeLessThan(1e-6);
  for (const name of ["x", "shared"] as const) {
    const f = (v: Float64Array): number => dot(name === "x" ? reference(v, a.shared, 0.2) : reference(a.x, v, 0.2), dy);
    expect(relativeError(got[name], centralDifferences(f, a[name])), name).toBeLessThan(1e-6);
  }
  expect(() => addSharedPlan([3, 4], [2, 4])).toThrow(/does not divide/);
});
