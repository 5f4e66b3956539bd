import { expect, test } from "vitest";
import { packConv, unpackConv } from "../../kernels/conv/conv2d.ts";
import { labelConv, labelConvPlan, labelConvSlices } from "../../kernels/labels/label_conv.ts";
import { labelPool, labelPoolPlan } from "../../kernels/labels/label_pool.ts";
import { product } from "../../src/runtime/index.ts";
import { avgPoolReference } from "../reference/avg_pool.ts";
import { reflectPadReference } from "../reference/reflect_pad.ts";
import { centralDifferences, dot, evaluateGradients } from "../support/central.ts";
import { evaluate, noise, relativeError } from "../support/device.ts";

/** Codes in runs, as label maps have them. */
const codesOf = (n: number, labels: number, edges: boolean): Int32Array =>
  Int32Array.from(noise(n, 7), (v, i) => (((i / 5) | 0) % labels) * 2 + (edges && v > 0.3 ? 1 : 0));

const oneHot = (codes: Int32Array, channels: number, edgeRow: number): Float32Array => {
  const out = new Float32Array(codes.length * channels);
  codes.forEach((code, i) => {
    out[i * channels + (code >> 1)] = 1;
    if (edgeRow >= 0 && code & 1) out[i * channels + edgeRow] = 1;
  });
  return out;
};

/** A strided convolution of an NHWC map with OIHW weights, in float64. */
function convolve(
  x: Float32Array,
  [n, h, w, c]: readonly number[],
  weights: ArrayLike<number>,
  bias: ArrayLike<number>,
  { k, stride, pad, out }: { k: number; stride: number; pad: number; out: readonly number[] },
): Float64Array {
  const y = new Float64Array(product(out));
  const [, oh, ow, co] = out;
  for (let b = 0, at = 0; b < n; b++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++)
        for (let o = 0; o < co; o++, at++) {
          y[at] = bias[o];
          for (let ky = 0; ky < k; ky++)
            for (let kx = 0; kx < k; kx++) {
              const iy = oy * stride + ky - pad;
              const ix = ox * stride + kx - pad;
              if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
              for (let i = 0; i < c; i++)
                y[at] += x[((b * h + iy) * w + ix) * c + i] * weights[((o * c + i) * k + ky) * k + kx];
            }
        }
  return y;
}

test.each([
  { codes: [2, 9, 12], labels: 5, edges: true, cout: 6, extra: 3 },
  { codes: [1, 3, 7], labels: 4, edges: false, cout: 5, extra: 0 },
])(
  "labelConv equals the convolution of the one-hot map, and its gradients central differences: $codes, edges $edges",
  async ({ codes, labels, edges, cout, extra }) => {
    const channels = labels + (edges ? 1 : 0);
    const edgeRow = edges ? labels : -1;
    const [k, stride, pad] = [4, 2, 2];
    const ids = codesOf(product(codes), labels, edges);
    // The picture's channels are in w and not read.
    const shape = [cout, channels + extra, k, k];
    const weights = noise(product(shape), 1);
    const packed = packConv(weights, shape);
    const bias = noise(cout, 2);
    const out = labelConvPlan(codes, packed.shape, { k, stride, pad, edgeRow });
    const dy = noise(product(out), 3);
    const got = await evaluateGradients(dy, (g, inputs) => {
      const w = inputs.tensor("w", packed.shape, packed.data);
      const b = inputs.tensor("bias", [cout], bias);
      return {
        y: labelConv(g, { codes: inputs.tensor("codes", codes, ids), w, bias: b, k, stride, pad, edgeRow }),
        wrt: { w, bias: b },
      };
    });
    const padded = new Float32Array(ids.length * (channels + extra));
    oneHot(ids, channels, edgeRow).forEach(
      (v, i) => (padded[Math.floor(i / channels) * (channels + extra) + (i % channels)] = v),
    );
    const forward = (w: ArrayLike<number>, b: ArrayLike<number>): Float64Array =>
      convolve(padded, [...codes, channels + extra], w, b, { k, stride, pad, out });
    expect(relativeError(got.y, forward(weights, bias))).toBeLessThan(1e-6);
    expect(
      relativeError(
        got.bias,
        centralDifferences((b) => dot(forward(weights, b), dy), bias),
      ),
    ).toBeLessThan(1e-6);
    // The conv is linear in w: one large step is exact.
    const dw = centralDifferences((w) => dot(forward(w, bias), dy), weights, 1);
    expect(relativeError(unpackConv(got.w, shape), dw)).toBeLessThan(1e-6);
  },
);

test.each([
  { codes: [2, 4, 5], k: 7, edges: true },
  { codes: [1, 4, 4], k: 7, edges: false },
])(
  "mirrored at the border and divided by sigma, it equals the convolution of the padded one-hot map: $codes, edges $edges",
  async ({ codes, k, edges }) => {
    const [labels, cout, pad, sigma] = [4, 3, k >> 1, 1.75];
    const channels = labels + (edges ? 1 : 0);
    const edgeRow = edges ? labels : -1;
    const ids = codesOf(product(codes), labels, edges);
    const shape = [cout, channels, k, k];
    const weights = noise(product(shape), 1);
    const packed = packConv(weights, shape);
    const how = { k, stride: 1, pad, mirror: true, edgeRow };
    const out = labelConvPlan(codes, packed.shape, how);
    const dy = noise(product(out), 3);
    const got = await evaluateGradients(dy, (g, inputs) => {
      const w = inputs.tensor("w", packed.shape, packed.data);
      const s = inputs.tensor("sigma", [1], Float32Array.of(sigma));
      return {
        y: labelConv(g, { codes: inputs.tensor("codes", codes, ids), w, sigma: s, ...how }),
        wrt: { w, sigma: s },
      };
    });
    const [n, h, w] = codes;
    const map = reflectPadReference(oneHot(ids, channels, edgeRow), [n, h, w, channels], pad).y;
    const forward = (values: ArrayLike<number>, s = sigma): Float64Array =>
      convolve(
        Float32Array.from(map),
        [n, h + 2 * pad, w + 2 * pad, channels],
        Array.from(values, (v) => v / s),
        new Float64Array(cout),
        { k, stride: 1, pad: 0, out },
      );
    expect(relativeError(got.y, forward(weights))).toBeLessThan(1e-6);
    // Linear in w: one large step is exact.
    const dw = centralDifferences((v) => dot(forward(v), dy), weights, 1);
    expect(relativeError(unpackConv(got.w, shape), dw)).toBeLessThan(1e-6);
    const dsigma = centralDifferences(([s]) => dot(forward(weights, s), dy), [sigma]);
    const added = dw.reduce((sum, v, i) => sum + Math.abs(v * weights[i]), 0) / sigma;
    expect(Math.abs(got.sigma[0] - dsigma[0]) / added).toBeLessThan(1e-6);
  },
);

test.each([true, false])("labelPool equals the pooled one-hot map: edges %s", async (edges) => {
  const codes = [2, 7, 6];
  const channels = edges ? 7 : 6;
  const edgeRow = edges ? 6 : -1;
  const ids = codesOf(product(codes), 6, edges);
  const { y } = await evaluate((g, inputs) => ({
    y: labelPool(g, { codes: inputs.tensor("codes", codes, ids), channels, edgeRow }),
  }));
  expect(relativeError(y, avgPoolReference(oneHot(ids, channels, edgeRow), [...codes, channels]))).toBeLessThan(1e-6);
});

test("plans: sizes as published, partial tables within their room", () => {
  expect(labelConvPlan([2, 256, 256], [16, 188, 64], { k: 4, stride: 2, pad: 2, edgeRow: 183 })).toEqual([
    2, 129, 129, 64,
  ]);
  expect(labelConvSlices(2 * 129 * 129, 16 * 188 * 64 * 4).slices).toBeLessThanOrEqual(21);
  expect(labelConvSlices(10, 1 << 30)).toEqual({ slices: 1, len: 10 });
  expect(() => labelConvPlan([1, 4, 4], [9, 8, 4], { k: 4, stride: 2, pad: 2, edgeRow: -1 })).toThrow(/4x4 kernel/);
  expect(() => labelConvPlan([1, 3, 9], [49, 8, 4], { k: 7, stride: 1, pad: 3, mirror: true, edgeRow: -1 })).toThrow(
    /has no 3 pixels/,
  );
  expect(() => labelPoolPlan([1, 4, 4], 5, 5)).toThrow(/channel 5 of 5/);
});
