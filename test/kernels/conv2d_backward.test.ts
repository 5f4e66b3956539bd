// What is special about the gradients of a conv layer; test/kernels/ops.test.ts compares them with their reference.

import { expect, test } from "vitest";
import { activation } from "../../kernels/shape/activation.ts";
import { conv2d, unpackConv } from "../../kernels/conv/conv2d.ts";
import { Graph, paperTarget, product } from "../../src/runtime/index.ts";
import { gradients } from "../../kernels/gradients.ts";
import { weightGradient } from "../../kernels/conv/weight_gradient.ts";
import { layerGradients, layerReference, type LayerReference } from "../reference/conv2d.ts";
import { evaluate, noise, relativeError, type Inputs } from "../support/device.ts";
import { gradcheck } from "../support/gradcheck.ts";
import { runCase } from "../support/run_case.ts";
import { variantCases } from "../support/variants.ts";
import { cases } from "./cases/index.ts";
import { f16Error, sumError } from "../tolerances.ts";

/** Values that f16 holds exactly. */
const coarse = (n: number, seed: number): Float32Array => noise(n, seed).map((v) => Math.round(v * 64) / 64);

/** A layer of a 3x3 kernel, padded by one, and a cotangent of its result. */
function layer(x: readonly number[], o: number): { a: LayerReference; dy: Float32Array; out: number[] } {
  const weights = [o, x[3], 3, 3];
  const out = [x[0], x[1], x[2], o];
  const a: LayerReference = {
    x: coarse(product(x), 1),
    shape: x,
    w: coarse(product(weights), 2),
    weights,
    bias: coarse(o, 3),
    sigma: [1.75],
    stride: 1,
    pad: 1,
    act: "none",
  };
  return { a, dy: coarse(product(out), 5), out };
}

test("a wrong gradient is named", () => {
  const { a, dy } = layer([1, 2, 2, 1], 1);
  const wrong = layerGradients(a, dy).w.map((v) => v + 0.5);
  expect(() => gradcheck("conv layer", (v) => layerReference({ ...a, ...v }), { w: a.w }, { w: wrong }, dy)).toThrow(
    /^conv layer, w\[0\]: got .*, expected /,
  );
});

test("where scratch memory ends, chunks of tiles add to the slices there are", async () => {
  const { a, dy, out } = layer([1, 46, 46, 32], 16);
  const shape = [9, 32, 16];
  const record = (scratch: number) => (g: Graph, inputs: Inputs) => {
    const [x, dz, sigma] = [
      inputs.tensor("x", a.shape, Float32Array.from(a.x)),
      inputs.tensor("dz", out, dy),
      inputs.tensor("s", [1], Float32Array.of(1.75)),
    ];
    return { dw: weightGradient(g, { x, dz, shape, kh: 3, kw: 3, stride: 1, pad: 1, sigma, scratch }) };
  };
  const ref = layerGradients(a, dy).w;
  for (const scratch of [1, 1 << 26]) {
    const { dw } = await evaluate(record(scratch), { variants: { weight_gradient: "winograd_portable" } });
    expect(relativeError(unpackConv(dw, a.weights), ref)).toBeLessThan(sumError(46 * 46));
  }
});

test("two runs agree bit for bit", async () => {
  const { a, dy, out } = layer([2, 20, 17, 33], 18);
  const record = (g: Graph, inputs: Inputs) => {
    const [x, dz] = [inputs.tensor("x", a.shape, Float32Array.from(a.x)), inputs.tensor("dz", out, dy)];
    return { dw: weightGradient(g, { x, dz, shape: [9, 36, 18], kh: 3, kw: 3, stride: 1, pad: 1 }) };
  };
  for (const { variants } of variantCases("weight_gradient").filter((v) => v.test !== test.skip)) {
    const options = { variants, software: false };
    expect((await evaluate(record, options)).dw).toEqual((await evaluate(record, options)).dw);
  }
});

test.each([
  { p: { x: [2, 7, 6, 36], o: 34, k: 3, pad: 1, act: "leaky" as const, plain: true }, tolerance: sumError(9 * 36) },
  { p: { x: [1, 5, 6, 7], o: 5, k: 4, stride: 2, pad: 2, act: "tanh" as const }, tolerance: f16Error(1) },
])("with f16 storage, the gradients of an f32 cotangent are f32: $p", async ({ p, tolerance }) => {
  // Values of which Winograd's transforms are exact in f16.
  const { x, w, bias } = cases.conv2d.data(p);
  const values = Object.fromEntries(
    Object.entries({ x, w, bias }).map(([name, t], i) => [name, [...coarse(t.values.length, i + 1)]]),
  );
  const { got, expected } = await runCase("conv2d", cases.conv2d, p, { half: true, seeds: "f32", values });
  for (const name of ["dx", "dw", "dbias", "dsigma"])
    expect(relativeError(got[name], expected[name]), name).toBeLessThan(name === "dsigma" ? 5 * tolerance : tolerance);
});

test("the weight gradient reads an activation made again", () => {
  const g = new Graph(paperTarget());
  const x = activation(g, { x: g.input("x", [1, 4, 4, 4]), kind: "relu" });
  const w = g.input("w", [1, 4, 4]);
  const y = conv2d(g, { x, w, kh: 1, kw: 1 });
  const forward = g.dispatches.length;
  gradients(g, new Map([[y, g.input("dy", [1, 4, 4, 4])]]), [w]);
  const backward = g.dispatches.slice(forward);
  expect(backward.map((d) => d.shader.name)).toEqual(["activation", "weight_gradient_direct", "sums_slices"]);
  expect(backward.flatMap((d) => Object.values(d.bindings)).some((b) => b.tensor === x)).toBe(false);
});
