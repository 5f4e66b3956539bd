import { expect, test } from "vitest";
import {
  convTranspose,
  convTransposePlan,
  packConvTranspose,
  packTransposedV,
  unpackConvTranspose,
  unpackTransposedV,
} from "../../kernels/conv/conv_transpose.ts";
import { spectralSigma } from "../../kernels/norm/spectral.ts";
import { product } from "../../src/runtime/index.ts";
import {
  convTransposeGradients,
  convTransposeReference,
  type ConvTransposeReference,
} from "../reference/conv_transpose.ts";
import { evaluate, noise, relativeError } from "../support/device.ts";
import { evaluateGradients, gradcheck } from "../support/gradcheck.ts";

interface Case {
  x: number[];
  o: number;
  k?: number;
  stride?: number;
  pad?: number;
  outputPadding?: number;
  act?: ConvTransposeReference["act"];
}

/** As published where the case says nothing else: 3x3, stride 2, pad 1, output padding 1. */
function layer({ x, o, k = 3, stride = 2, pad = 1, outputPadding = 1, act = "none" }: Case): ConvTransposeReference {
  const weights = [x[3], o, k, k];
  return {
    x: noise(product(x), 1),
    shape: x,
    w: noise(product(weights), 2),
    weights,
    bias: noise(o, 3),
    sigma: [1.75],
    stride,
    pad,
    outputPadding,
    act,
  };
}

test.each<Case>([
  { x: [2, 3, 2, 2], o: 3 },
  { x: [1, 2, 3, 1], o: 2, k: 4, pad: 1, outputPadding: 0, act: "leaky" },
  { x: [1, 3, 2, 2], o: 2, stride: 1, outputPadding: 0, act: "tanh" },
])("the float64 gradients equal central differences: %o", (c) => {
  const a = layer(c);
  const dy = noise(convTransposeReference(a).data.length, 4);
  const args = { x: a.x, w: a.w, bias: a.bias, sigma: a.sigma };
  gradcheck(
    "conv_transpose",
    (v) => convTransposeReference({ ...a, ...v }).data,
    args,
    convTransposeGradients(a, dy),
    dy,
  );
});

const cases: Case[] = [
  { x: [2, 4, 5, 6], o: 3 },
  { x: [1, 1, 3, 9], o: 18, act: "relu" },
  { x: [1, 5, 6, 39], o: 34, outputPadding: 0 },
  { x: [2, 3, 4, 5], o: 7, k: 4, pad: 1, outputPadding: 0, act: "leaky" },
  { x: [1, 6, 5, 4], o: 5, stride: 1, outputPadding: 0 },
];

test.each(cases)("convTranspose and its gradients equal the float64 reference: %o", async (c) => {
  const a = layer(c);
  const ref = convTransposeReference(a);
  const dy = noise(ref.data.length, 4);
  const packed = packConvTranspose(Float32Array.from(a.w), a.weights);
  const k = a.weights[2];
  const { stride, pad, outputPadding, act } = a;
  const record: Parameters<typeof evaluateGradients>[0] = (g, inputs) => {
    const wrt = {
      x: inputs.tensor("x", a.shape, Float32Array.from(a.x)),
      w: inputs.tensor("w", packed.shape, packed.data),
      bias: inputs.tensor("bias", [c.o], Float32Array.from(a.bias)),
      sigma: inputs.tensor("sigma", [1], Float32Array.from(a.sigma)),
    };
    return { y: convTranspose(g, { ...wrt, k, stride, pad, outputPadding, act }), wrt };
  };
  const { y } = await evaluate((g, inputs) => ({ y: record(g, inputs).y }));
  expect(relativeError(y, ref.data)).toBeLessThan(3e-6);
  const got = await evaluateGradients(record, dy);
  const grads = convTransposeGradients(a, dy);
  expect(relativeError(unpackConvTranspose(got.w, a.weights), grads.w), "w").toBeLessThan(3e-6);
  for (const name of ["x", "bias"] as const) expect(relativeError(got[name], grads[name]), name).toBeLessThan(3e-6);
  // dsigma is one sum in which much cancels: its error is told from what it adds up.
  const added = grads.w.reduce((sum, v, i) => sum + Math.abs(v * a.w[i]), 0) / a.sigma[0];
  expect(Math.abs(got.sigma[0] - grads.sigma[0]) / added, "sigma").toBeLessThan(3e-6);
});

test("spectral norm of packed weights is that of [Cout, Cin*k*k]", async () => {
  const [ci, co, k] = [5, 6, 3];
  const w = noise(ci * co * k * k, 1);
  const [u, v] = [noise(co, 2), noise(ci * k * k, 3)];
  const packed = packConvTranspose(w, [ci, co, k, k]);
  const { sigma } = await evaluate((g, inputs) => ({
    sigma: spectralSigma(g, {
      w: inputs.tensor("w", packed.shape, packed.data),
      cin: ci,
      u: inputs.tensor("u", [co], u),
      v: inputs.tensor("v", [k * k, ci], packTransposedV(v, ci, k)),
      train: false,
    }),
  }));
  let ref = 0;
  for (let i = 0; i < ci; i++)
    for (let o = 0; o < co; o++)
      for (let t = 0; t < k * k; t++) ref += u[o] * w[(i * co + o) * k * k + t] * v[i * k * k + t];
  expect(Math.abs(sigma[0] / ref - 1)).toBeLessThan(1e-5);
});

test("packing is undone", () => {
  const shape = [5, 3, 3, 3];
  const w = noise(product(shape), 1);
  expect(unpackConvTranspose(packConvTranspose(w, shape).data, shape)).toEqual(w);
  const v = noise(45, 2);
  expect(unpackTransposedV(packTransposedV(v, 5, 3), 5, 3)).toEqual(v);
});

test("sizes are torch's; weights that do not fit are refused", () => {
  const published = { k: 3, stride: 2, pad: 1, outputPadding: 1 };
  expect(convTransposePlan([1, 16, 8, 64], [9, 64, 32], published).out).toEqual([1, 32, 16, 32]);
  expect(() => convTransposePlan([1, 16, 8, 64], [9, 60, 32], published)).toThrow(/do not fit/);
  expect(() => convTransposePlan([1, 4, 4, 4], [9, 4, 4], { ...published, outputPadding: 2 })).toThrow(
    /less than the stride/,
  );
});
