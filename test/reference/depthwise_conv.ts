// Float64 depthwise convolution, NHWC, weights [C,1,KH,KW], zero padding of each side, and the layer act(conv + bias).

import { activationReference, activationSlope, type ActivationKind } from "./activation.ts";

export interface DepthwiseReference {
  x: ArrayLike<number>;
  shape: readonly number[];
  w: ArrayLike<number>;
  kernel: readonly [kh: number, kw: number];
  bias: ArrayLike<number>;
  stride: number;
  dilation: number;
  /** Top, left, bottom, right. */
  pad: readonly number[];
  act: "none" | ActivationKind;
}

export const depthwiseShape = (a: Pick<DepthwiseReference, "shape" | "kernel" | "stride" | "dilation" | "pad">) => {
  const [n, h, w, c] = a.shape;
  const size = (from: number, pads: number, k: number): number =>
    Math.floor((from + pads - (k - 1) * a.dilation - 1) / a.stride) + 1;
  return [n, size(h, a.pad[0] + a.pad[2], a.kernel[0]), size(w, a.pad[1] + a.pad[3], a.kernel[1]), c];
};

/** Calls `each` with the indices of result, x and weight of every product of the sum. */
function products(a: DepthwiseReference, each: (y: number, x: number, w: number) => void): void {
  const [, h, w] = a.shape;
  const [n, oh, ow, c] = depthwiseShape(a);
  const [kh, kw] = a.kernel;
  let at = 0;
  for (let b = 0; b < n; b++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++)
        for (let ch = 0; ch < c; ch++, at++)
          for (let ky = 0; ky < kh; ky++)
            for (let kx = 0; kx < kw; kx++) {
              const iy = oy * a.stride + ky * a.dilation - a.pad[0];
              const ix = ox * a.stride + kx * a.dilation - a.pad[1];
              if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
              each(at, ((b * h + iy) * w + ix) * c + ch, (ch * kh + ky) * kw + kx);
            }
}

/** The layer before its activation. */
function before(a: DepthwiseReference): Float64Array {
  const shape = depthwiseShape(a);
  const z = Float64Array.from({ length: shape.reduce((m, v) => m * v) }, (_, i) => a.bias[i % shape[3]]);
  products(a, (y, x, w) => (z[y] += a.x[x] * a.w[w]));
  return z;
}

export const depthwiseReference = (a: DepthwiseReference): Float64Array =>
  before(a).map((z) => (a.act === "none" ? z : activationReference[a.act](z)));

export function depthwiseGradients(
  a: DepthwiseReference,
  dy: ArrayLike<number>,
): Record<"x" | "w" | "bias", Float64Array> {
  const dz = before(a).map((z, i) => dy[i] * (a.act === "none" ? 1 : activationSlope[a.act](z)));
  const grads = {
    x: new Float64Array(a.x.length),
    w: new Float64Array(a.w.length),
    bias: new Float64Array(a.bias.length),
  };
  dz.forEach((d, i) => (grads.bias[i % a.bias.length] += d));
  products(a, (y, x, w) => {
    grads.x[x] += dz[y] * a.w[w];
    grads.w[w] += dz[y] * a.x[x];
  });
  return grads;
}
