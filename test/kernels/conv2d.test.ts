import { expect, test } from "vitest";
import { conv2d, packConv } from "../../kernels/conv2d.ts";
import { conv2dReference } from "../reference/conv2d.ts";
import { evaluate, noise, relativeError } from "../support/device.ts";

const cases = [
  { x: [1, 8, 8, 16], o: 8, k: 3, stride: 1, pad: 1 },
  { x: [2, 7, 5, 3], o: 5, k: 3, stride: 1, pad: 1 },
  { x: [1, 1, 9, 184], o: 12, k: 3, stride: 1, pad: 1 },
  { x: [1, 6, 1, 39], o: 3, k: 1, stride: 1, pad: 0 },
  { x: [2, 13, 10, 7], o: 9, k: 4, stride: 2, pad: 2 },
  { x: [1, 9, 9, 6], o: 33, k: 5, stride: 1, pad: 2 },
];

test.each(cases)("conv2d equals the float64 reference: x $x, $o outputs, k $k, stride $stride, pad $pad", async ({ x, o, k, stride, pad }) => {
  const weights = [o, x[3], k, k];
  const xs = noise(x[0] * x[1] * x[2] * x[3], 1);
  const ws = noise(o * x[3] * k * k, 2);
  const bs = noise(o, 3);
  const packed = packConv(ws, weights);
  const { y } = await evaluate((g, inputs) => ({
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
  }));
  const ref = conv2dReference(xs, x, ws, weights, { bias: bs, sigma: Math.fround(1.7), stride, pad });
  expect(relativeError(y, ref.data)).toBeLessThan(2e-6);
});
