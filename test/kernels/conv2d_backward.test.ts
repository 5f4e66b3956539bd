// The gradients of a conv layer: the float64 reference against central differences, the kernels against the reference.

import { expect, test } from "vitest";
import { activation } from "../../kernels/shape/activation.ts";
import { conv2d, deriveWeights, packConv, unpackConv } from "../../kernels/conv/conv2d.ts";
import { Graph, paperTarget, product } from "../../src/runtime/index.ts";
import { gradients } from "../../kernels/gradients.ts";
import { weightGradient } from "../../kernels/conv/weight_gradient.ts";
import { conv2dReference, layerGradients, layerReference, type LayerReference } from "../reference/conv2d.ts";
import { evaluate, noise, relativeError, type Inputs } from "../support/device.ts";
import { evaluateGradients, gradcheck } from "../support/gradcheck.ts";

interface Case {
  x: number[];
  o: number;
  k: number;
  stride?: number;
  pad?: number;
  act?: LayerReference["act"];
  residual?: "same" | "half";
}

/** Values that f16 holds exactly. */
const coarse = (n: number, seed: number): Float32Array => noise(n, seed).map((v) => Math.round(v * 64) / 64);

function layer({ x, o, k, stride = 1, pad = 0, act = "none", residual }: Case): {
  a: LayerReference;
  dy: Float32Array;
  out: number[];
} {
  const weights = [o, x[3], k, k];
  const a: LayerReference = {
    x: coarse(product(x), 1),
    shape: x,
    w: coarse(product(weights), 2),
    weights,
    bias: coarse(o, 3),
    sigma: [1.75],
    stride,
    pad,
    act,
  };
  const out = conv2dReference(a.x, x, a.w, weights, { stride, pad }).shape;
  const up = residual === "half";
  const size = up ? [out[0], out[1] / 2, out[2] / 2, out[3]] : out;
  if (residual) Object.assign(a, { up, residual: coarse(product(size), 4) });
  return { a, dy: coarse(product(out), 5), out };
}

test.each<Case>([
  { x: [2, 3, 2, 2], o: 3, k: 3, pad: 1, act: "leaky", residual: "same" },
  { x: [1, 5, 4, 1], o: 2, k: 4, stride: 2, pad: 2, act: "tanh" },
  { x: [1, 2, 2, 3], o: 1, k: 1, act: "relu", residual: "half" },
])("the float64 gradients of a conv layer equal central differences: %o", (c) => {
  const { a, dy } = layer(c);
  const args = { x: a.x, w: a.w, bias: a.bias, sigma: a.sigma, ...(a.residual ? { residual: a.residual } : {}) };
  const { residual, ...grads } = layerGradients(a, dy);
  gradcheck("conv layer", (v) => layerReference({ ...a, ...v }), args, a.residual ? { ...grads, residual } : grads, dy);
});

test("and a wrong one is named", () => {
  const { a, dy } = layer({ x: [1, 2, 2, 1], o: 1, k: 1 });
  const { w } = layerGradients(a, dy);
  const wrong = w.map((v) => v + 0.5);
  expect(() => gradcheck("conv layer", (v) => layerReference({ ...a, ...v }), { w: a.w }, { w: wrong }, dy)).toThrow(
    /^conv layer, w\[0\]: got .*, expected /,
  );
});

async function check(
  c: Case,
  options: { dtype?: "f32" | "f16"; derive?: boolean; variants?: Record<string, string>; software?: boolean },
  tolerance: number,
): Promise<void> {
  const { a, dy, out } = layer(c);
  const { dtype = "f32" } = options;
  const packed = packConv(Float32Array.from(a.w), a.weights);
  const got = await evaluateGradients(
    (g, inputs) => {
      const wrt: Record<string, ReturnType<typeof inputs.tensor>> = {
        x: inputs.tensor("x", a.shape, Float32Array.from(a.x), dtype),
        w: inputs.tensor("w", packed.shape, packed.data, dtype),
        bias: inputs.tensor("bias", [out[3]], Float32Array.from(a.bias)),
        sigma: inputs.tensor("sigma", [1], Float32Array.from(a.sigma)),
      };
      if (a.residual)
        wrt.residual = inputs.tensor(
          "residual",
          a.up ? [out[0], out[1] / 2, out[2] / 2, out[3]] : out,
          Float32Array.from(a.residual),
          dtype,
        );
      const { x, w, bias, sigma, residual } = wrt;
      const copies = options.derive ? deriveWeights(g, w, { k: c.k, h: a.shape[1], w: a.shape[2] }) : {};
      const y = conv2d(g, {
        x,
        w,
        bias,
        sigma,
        residual,
        kh: c.k,
        kw: c.k,
        stride: c.stride,
        pad: c.pad,
        act: c.act,
        ...copies,
      });
      if (c.residual === "same") delete wrt.residual; // is dy itself
      return { y, wrt };
    },
    dy,
    options,
  );
  const { w, ...ref } = layerGradients(a, dy);
  for (const [name, values] of Object.entries(got)) {
    if (name === "w") expect(relativeError(unpackConv(values, a.weights), w), name).toBeLessThan(tolerance);
    // dsigma is one number, in whose sum much cancels.
    else
      expect(relativeError(values, ref[name as keyof typeof ref]), name).toBeLessThan(
        name === "sigma" ? 5 * tolerance : tolerance,
      );
  }
}

test.each<Case>([
  { x: [2, 7, 5, 3], o: 5, k: 3, pad: 1, act: "leaky" },
  { x: [2, 6, 9, 36], o: 34, k: 3, pad: 1, residual: "same" },
  { x: [1, 1, 9, 39], o: 12, k: 3, pad: 1, act: "tanh" },
  { x: [1, 6, 1, 39], o: 3, k: 1, act: "relu" },
  { x: [2, 13, 10, 7], o: 9, k: 4, stride: 2, pad: 2, act: "leaky" },
  { x: [1, 8, 7, 5], o: 6, k: 3, stride: 2, pad: 1 },
  { x: [1, 6, 10, 5], o: 34, k: 5, pad: 2, act: "leaky", residual: "half" },
  { x: [1, 7, 6, 4], o: 4, k: 3, pad: 0 },
  { x: [2, 8, 7, 36], o: 34, k: 3, pad: 0, act: "relu" },
  { x: [1, 4, 5, 33], o: 18, k: 3, pad: 2 },
])("conv2d's gradients equal the float64 reference: %o", async (c) => {
  await check(c, {}, 3e-6);
});

test.each<Case>([
  { x: [2, 7, 5, 3], o: 5, k: 3, pad: 1, act: "leaky" },
  { x: [2, 13, 10, 7], o: 9, k: 4, stride: 2, pad: 2 },
  { x: [1, 9, 8, 3], o: 18, k: 7, stride: 3, pad: 1, act: "relu" },
  { x: [1, 5, 6, 6], o: 5, k: 2, stride: 3, pad: 0 },
])("the data gradient's direct and subgroup variants equal it: %o", async (c) => {
  for (const conv2d of ["direct", "subgroup"]) await check(c, { variants: { conv2d } }, 3e-6);
});

const wide: Case = { x: [2, 7, 6, 36], o: 34, k: 3, pad: 1, act: "leaky" };

test.each([
  ["direct", { "weight gradient 3x3": "direct" }],
  ["direct, portable", { "weight gradient 3x3": "direct", "weight gradient": "portable" }],
  ["winograd", { "weight gradient 3x3": "winograd" }],
  ["winograd, portable", { "weight gradient 3x3": "winograd", "weight gradient": "portable" }],
])("the weight gradient's variant %s equals it too, with derived weights and many slices", async (_, variants) => {
  await check(wide, { variants, derive: true }, 4e-6);
  await check(wide, { variants, software: false }, 4e-6);
});

test("where scratch memory ends, chunks of tiles add to the slices there are", async () => {
  const { a, dy, out } = layer({ x: [1, 46, 46, 32], o: 16, k: 3, pad: 1 });
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
    const { dw } = await evaluate(record(scratch), { variants: { "weight gradient 3x3": "winograd" } });
    expect(relativeError(unpackConv(dw, a.weights), ref)).toBeLessThan(4e-6);
  }
});

test("two runs agree bit for bit", async () => {
  const { a, dy, out } = layer({ x: [2, 20, 17, 33], o: 18, k: 3, pad: 1 });
  const record = (g: Graph, inputs: Inputs) => {
    const [x, dz] = [inputs.tensor("x", a.shape, Float32Array.from(a.x)), inputs.tensor("dz", out, dy)];
    return { dw: weightGradient(g, { x, dz, shape: [9, 36, 18], kh: 3, kw: 3, stride: 1, pad: 1 }) };
  };
  for (const variant of ["winograd", "direct"]) {
    const options = { variants: { "weight gradient 3x3": variant }, software: false };
    expect((await evaluate(record, options)).dw).toEqual((await evaluate(record, options)).dw);
  }
});

test("with f16 storage the gradients are f32", async () => {
  await check(wide, { dtype: "f16" }, 1e-4);
  await check({ x: [1, 5, 6, 7], o: 5, k: 4, stride: 2, pad: 2, act: "tanh" }, { dtype: "f16" }, 2e-3);
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
