// Float64 transposed convolution, NHWC, weights [Cin,Cout,k,k]: every input pixel scatters its taps. And the gradients of the whole
// layer, act(convT / sigma + bias).

import { activationReference, activationSlope, type ActivationKind } from "./activation.ts";

export interface ConvTransposeReference {
  x: ArrayLike<number>;
  shape: readonly number[];
  w: ArrayLike<number>;
  weights: readonly number[];
  bias: ArrayLike<number>;
  sigma: ArrayLike<number>;
  stride: number;
  pad: number;
  outputPadding: number;
  act: "none" | ActivationKind;
}

type Visit = (x: number, w: number, y: number) => void;

/** Calls `visit` with the indices of every product, and gives the result's shape. */
function products({ shape, weights, stride, pad, outputPadding }: ConvTransposeReference, visit: Visit): number[] {
  const [n, h, w, c] = shape;
  const [, o, k] = weights;
  const [oh, ow] = [h, w].map((s) => (s - 1) * stride - 2 * pad + k + outputPadding);
  for (let b = 0; b < n; b++)
    for (let iy = 0; iy < h; iy++)
      for (let ix = 0; ix < w; ix++)
        for (let ky = 0; ky < k; ky++)
          for (let kx = 0; kx < k; kx++) {
            const [oy, ox] = [iy * stride + ky - pad, ix * stride + kx - pad];
            if (oy < 0 || oy >= oh || ox < 0 || ox >= ow) continue;
            for (let ci = 0; ci < c; ci++)
              for (let co = 0; co < o; co++)
                visit(
                  ((b * h + iy) * w + ix) * c + ci,
                  ((ci * o + co) * k + ky) * k + kx,
                  ((b * oh + oy) * ow + ox) * o + co,
                );
          }
  return [n, oh, ow, o];
}

/** The layer before its activation, without bias. */
function sums(a: ConvTransposeReference): { data: Float64Array; shape: number[] } {
  const shape = products(a, () => undefined);
  const data = new Float64Array(shape.reduce((p, q) => p * q));
  products(a, (x, w, y) => (data[y] += (a.x[x] * a.w[w]) / a.sigma[0]));
  return { data, shape };
}

export function convTransposeReference(a: ConvTransposeReference): { data: Float64Array; shape: number[] } {
  const { data, shape } = sums(a);
  const o = shape[3];
  return {
    data: data.map((v, i) => {
      const z = v + a.bias[i % o];
      return a.act === "none" ? z : activationReference[a.act](z);
    }),
    shape,
  };
}

export function convTransposeGradients(
  a: ConvTransposeReference,
  dy: ArrayLike<number>,
): Record<"x" | "w" | "bias" | "sigma", Float64Array> {
  const { data, shape } = sums(a);
  const o = shape[3];
  const dz = data.map((v, i) => dy[i] * (a.act === "none" ? 1 : activationSlope[a.act](v + a.bias[i % o])));
  const grads = {
    x: new Float64Array(a.x.length),
    w: new Float64Array(a.w.length),
    bias: new Float64Array(o),
    sigma: new Float64Array(1),
  };
  products(a, (x, w, y) => {
    grads.x[x] += (dz[y] * a.w[w]) / a.sigma[0];
    grads.w[w] += (dz[y] * a.x[x]) / a.sigma[0];
  });
  dz.forEach((v, i) => {
    grads.bias[i % o] += v;
    grads.sigma[0] -= (v * data[i]) / a.sigma[0];
  });
  return grads;
}
