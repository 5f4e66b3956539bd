import { expect, test } from "vitest";
import { conv2d, packConv } from "../../kernels/conv/conv2d.ts";
import type { ConvArgs } from "../../kernels/conv/conv_args.ts";
import { winogradWeights } from "../../kernels/conv/winograd.ts";
import type { Graph, Tensor } from "../../src/runtime/index.ts";
import { conv2dReference } from "../reference/conv2d.ts";
import { evaluate, noise, relativeError, type Inputs } from "../support/device.ts";

const cases = [
  { x: [1, 8, 8, 16], o: 8, k: 3, stride: 1, pad: 1 },
  { x: [2, 7, 5, 3], o: 5, k: 3, stride: 1, pad: 1 },
  { x: [1, 1, 9, 184], o: 12, k: 3, stride: 1, pad: 1 },
  { x: [1, 6, 1, 39], o: 3, k: 1, stride: 1, pad: 0 },
  { x: [2, 13, 10, 7], o: 9, k: 4, stride: 2, pad: 2 },
  { x: [1, 9, 9, 6], o: 33, k: 5, stride: 1, pad: 2 },
];

test.each(cases.flatMap((c) => ["direct", "subgroup"].map((variant) => ({ ...c, variant }))))(
  "conv2d, $variant, equals the float64 reference: x $x, $o outputs, k $k, stride $stride, pad $pad",
  async ({ x, o, k, stride, pad, variant }) => {
    const weights = [o, x[3], k, k];
    const xs = noise(x[0] * x[1] * x[2] * x[3], 1);
    const ws = noise(o * x[3] * k * k, 2);
    const bs = noise(o, 3);
    const packed = packConv(ws, weights);
    const { y } = await evaluate(
      (g, inputs) => ({
        y: conv2d(g, {
          x: inputs.tensor("x", x, xs),
          w: inputs.tensor("w", packed.shape, packed.data),
          bias: inputs.tensor("b", [o], bs),
          sigma: inputs.tensor("s", [1], Float32Array.of(1.7)),
          kh: k,
          kw: k,
          stride,
          pad,
        }),
      }),
      { variants: { conv2d: variant } },
    );
    const ref = conv2dReference(xs, x, ws, weights, { bias: bs, sigma: Math.fround(1.7), stride, pad });
    expect(relativeError(y, ref.data)).toBeLessThan(2e-6);
  },
);

test.each([
  { x: [1, 8, 8, 16], o: 8, up: 0, pad: 1 },
  { x: [2, 7, 5, 6], o: 5, up: 0, pad: 1 },
  { x: [1, 6, 10, 39], o: 36, up: 1, pad: 1 },
  { x: [2, 7, 8, 18], o: 17, up: 0, pad: 0 },
  { x: [1, 4, 5, 20], o: 9, up: 0, pad: 2 },
])(
  "Winograd conv2d with every epilogue equals the float64 reference: x $x, $o outputs, residual up $up, pad $pad",
  async ({ x, o, up, pad }) => {
    const [H, W] = [x[1] + 2 * pad - 2, x[2] + 2 * pad - 2];
    const weights = [o, x[3], 3, 3];
    const [xs, ws, bs] = [noise(x[0] * x[1] * x[2] * x[3], 1), noise(o * x[3] * 9, 2), noise(o, 3)];
    const residual = [x[0], H >> up, W >> up, o];
    const rs = noise(
      residual.reduce((a, b) => a * b),
      4,
    );
    const packed = packConv(ws, weights);
    const record = (g: Graph, inputs: Inputs): Record<string, Tensor> => {
      const w = inputs.tensor("w", packed.shape, packed.data);
      const args: ConvArgs = {
        x: inputs.tensor("x", x, xs),
        w,
        bias: inputs.tensor("b", [o], bs),
        sigma: inputs.tensor("s", [1], Float32Array.of(0.5)),
        residual: inputs.tensor("r", residual, rs),
        kh: 3,
        kw: 3,
        pad,
        act: "leaky",
      };
      return { winograd: conv2d(g, { ...args, winograd: winogradWeights(g, { w }) }), plain: conv2d(g, args) };
    };
    const ref = conv2dReference(xs, x, ws, weights, { bias: bs, sigma: 0.5, pad }).data;
    for (let i = 0; i < ref.length; i++) {
      const [co, px, py, n] = [i % o, Math.floor(i / o) % W, Math.floor(i / o / W) % H, Math.floor(i / o / W / H)];
      ref[i] =
        (ref[i] > 0 ? ref[i] : 0.2 * ref[i]) + rs[((n * residual[1] + (py >> up)) * residual[2] + (px >> up)) * o + co];
    }
    for (const conv of ["direct", "subgroup"]) {
      const { winograd, plain } = await evaluate(record, { variants: { conv2d: conv } });
      expect(relativeError(winograd, ref)).toBeLessThan(3e-6);
      expect(relativeError(plain, ref), conv).toBeLessThan(2e-6);
    }
  },
);
