// The gradients of the small ops: the float64 reference against central differences, the kernel against the reference.

import { expect, test } from "vitest";
import { activation } from "../../kernels/shape/activation.ts";
import { add } from "../../kernels/shape/add.ts";
import { avgPool } from "../../kernels/shape/avg_pool.ts";
import { blockColumns, unblockColumns } from "../../kernels/conv/block_columns.ts";
import { packConv, unpackConv } from "../../kernels/conv/conv2d.ts";
import { packBlocks } from "../../kernels/parts/gemm.ts";
import { gradients } from "../../kernels/gradients.ts";
import { linear } from "../../kernels/conv/linear.ts";
import { resize } from "../../kernels/shape/resize.ts";
import { packV, spectralSigma } from "../../kernels/norm/spectral.ts";
import { Graph, paperTarget, product } from "../../src/runtime/index.ts";
import { activationReference, activationSlope } from "../reference/activation.ts";
import { avgPoolGradient, avgPoolReference } from "../reference/avg_pool.ts";
import { linearGradients, linearReference } from "../reference/linear.ts";
import { resizeGradient, resizeReference } from "../reference/resize.ts";
import { spectralGradient, spectralReference } from "../reference/spectral.ts";
import { external, noise, relativeError } from "../support/device.ts";
import { evaluateGradients, gradcheck } from "../support/gradcheck.ts";

test.each(["leaky", "relu", "tanh"] as const)("%s", async (kind) => {
  const shape = [2, 1, 5, 7];
  const x = noise(70, 1).map((v) => 3 * v);
  const dy = noise(70, 2);
  const dx = Float64Array.from(x, (v, i) => activationSlope[kind](v) * dy[i]);
  gradcheck(kind, (a) => a.x.map(activationReference[kind]), { x }, { x: dx }, dy);
  for (const dtype of ["f32", "f16"] as const) {
    const got = await evaluateGradients((g, inputs) => {
      const t = inputs.tensor("x", shape, x, dtype);
      return { y: activation(g, { x: t, kind }), wrt: { x: t } };
    }, dy);
    expect(relativeError(got.x, dx)).toBeLessThan(dtype === "f16" ? 3e-3 : 2e-6);
  }
});

test("add gives its gradient to both", () => {
  const g = new Graph(paperTarget());
  const [a, b, dy] = ["a", "b", "dy"].map((name) => g.input(name, [1, 2, 3, 5]));
  const made = gradients(g, new Map([[add(g, { a, b }), dy]]), [a, b]);
  expect([made.get(a), made.get(b)]).toEqual([dy, dy]);
});

test.each([{ x: [2, 5, 6, 3] }, { x: [1, 1, 8, 5] }, { x: [1, 4, 1, 4] }])("avgPool of $x", async ({ x }) => {
  const xs = noise(product(x), 1);
  const out = [x[0], (x[1] + 1) >> 1, (x[2] + 1) >> 1, x[3]];
  const dy = noise(product(out), 2);
  const dx = avgPoolGradient(dy, x);
  gradcheck("avg_pool", (a) => avgPoolReference(a.x, x), { x: xs }, { x: dx }, dy);
  const got = await evaluateGradients((g, inputs) => {
    const t = inputs.tensor("x", x, xs);
    return { y: avgPool(g, { x: t }), wrt: { x: t } };
  }, dy);
  expect(relativeError(got.x, dx)).toBeLessThan(2e-6);
});

test.each([
  { x: [1, 1, 376, 3], h: 1, w: 40, mode: "nearest" },
  { x: [2, 5, 3, 6], h: 9, w: 7, mode: "nearest" },
  { x: [2, 5, 3, 6], h: 9, w: 7, mode: "bilinear" },
  { x: [1, 12, 1, 5], h: 5, w: 3, mode: "bilinear" },
  { x: [1, 2, 3, 4], h: 16, w: 31, mode: "bilinear" },
] as const)("resize $mode of $x to $h x $w", async ({ x, h, w, mode }) => {
  const xs = noise(product(x), 1);
  const dy = noise(x[0] * h * w * x[3], 2);
  const dx = resizeGradient(dy, x, h, w, mode);
  gradcheck("resize", (a) => resizeReference(a.x, x, h, w, mode), { x: xs }, { x: dx }, dy);
  const got = await evaluateGradients((g, inputs) => {
    const t = inputs.tensor("x", x, xs);
    return { y: resize(g, { x: t, h, w, mode }), wrt: { x: t } };
  }, dy);
  expect(relativeError(got.x, dx)).toBeLessThan(3e-6);
});

test.each([
  { n: 1, k: 37, shape: [1, 1, 3, 8] },
  { n: 5, k: 6, shape: [5, 20] },
  { n: 2, k: 9, shape: [2, 7] },
])("linear: $n rows, K $k, result $shape", async ({ n, k, shape }) => {
  const m = product(shape) / n;
  const [x, w, bias, dy] = [noise(n * k, 1), noise(k * m, 2), noise(m, 3), noise(n * m, 4)];
  const ref = linearGradients(x, w, dy, n, k, m);
  gradcheck("linear", (a) => linearReference(a.x, a.w, a.bias, n, k, m), { x, w, bias }, ref, dy);
  const got = await evaluateGradients((g, inputs) => {
    const wrt = {
      x: inputs.tensor("x", [n, k], x),
      w: inputs.tensor("w", [k, m], w),
      bias: inputs.tensor("bias", [m], bias),
    };
    return { y: linear(g, { ...wrt, shape }), wrt };
  }, dy);
  for (const name of ["x", "w", "bias"] as const) expect(relativeError(got[name], ref[name]), name).toBeLessThan(2e-6);
});

test.each([true, false])("spectralSigma, u and v constant, train %s", async (train) => {
  const [o, i, k] = [6, 5, 3];
  const [ws, us, vs] = [noise(o * i * k * k, 1), noise(o, 2), noise(i * k * k, 3)];
  const after = spectralReference(ws, o, us, vs, train);
  const dw = spectralGradient(0.5, after.u, after.v);
  gradcheck(
    "spectral_sigma",
    (a) => [spectralReference(a.w, o, after.u, after.v, false).sigma],
    { w: ws },
    { w: dw },
    [0.5],
  );
  const packed = packConv(ws, [o, i, k, k]);
  const vPacked = packV(vs, i, k, k);
  // External tensors are uploaded before the recording.
  const scratch = new Graph(paperTarget());
  const [u, v] = [await external(scratch, "u", [o], us), await external(scratch, "v", [k * k, i], vPacked)];
  const got = await evaluateGradients((g, inputs) => {
    const w = inputs.tensor("w", packed.shape, packed.data);
    return { y: spectralSigma(g, { w, cin: i, u: g.import(u), v: g.import(v), train }), wrt: { w } };
  }, Float32Array.of(0.5));
  expect(relativeError(unpackConv(got.w, [o, i, k, k]), dw)).toBeLessThan(3e-6);
});

test("blockColumns and unblockColumns take their gradients back", async () => {
  const shape = [5, 6, 3, 1];
  const oihw = noise(90, 1);
  const packed = packConv(oihw, shape);
  const blocks = packBlocks(oihw, shape);
  const blockedShape = [3, 1, 2, 64];
  const w = await evaluateGradients((g, inputs) => {
    const t = inputs.tensor("w", packed.shape, packed.data);
    return { y: blockColumns(g, { w: t }), wrt: { w: t } };
  }, blocks);
  expect(w.w).toEqual(packed.data);
  const b = await evaluateGradients((g, inputs) => {
    const t = inputs.tensor("blocked", blockedShape, blocks);
    return { y: unblockColumns(g, { blocked: t, cout: 5 }), wrt: { blocked: t } };
  }, packed.data);
  expect(b.blocked).toEqual(blocks);
});
