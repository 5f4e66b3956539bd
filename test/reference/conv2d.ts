// Float64 convolution, NHWC, weights OIHW, zero padding: the plain sum. And the whole layer, act(conv / sigma + bias) + residual.

import { activationReference, activationSlope, type ActivationKind } from "./activation.ts";

export function conv2dReference(
  x: ArrayLike<number>,
  [n, h, w, c]: readonly number[],
  oihw: ArrayLike<number>,
  [o, , kh, kw]: readonly number[],
  {
    bias,
    sigma = 1,
    stride = 1,
    pad = 0,
  }: { bias?: ArrayLike<number>; sigma?: number; stride?: number; pad?: number } = {},
): { data: Float64Array; shape: number[] } {
  const oh = Math.floor((h + 2 * pad - kh) / stride) + 1;
  const ow = Math.floor((w + 2 * pad - kw) / stride) + 1;
  const data = new Float64Array(n * oh * ow * o);
  let at = 0;
  for (let b = 0; b < n; b++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++)
        for (let co = 0; co < o; co++) {
          let sum = 0;
          for (let ky = 0; ky < kh; ky++) {
            const iy = oy * stride + ky - pad;
            if (iy < 0 || iy >= h) continue;
            for (let kx = 0; kx < kw; kx++) {
              const ix = ox * stride + kx - pad;
              if (ix < 0 || ix >= w) continue;
              for (let ci = 0; ci < c; ci++)
                sum += x[((b * h + iy) * w + ix) * c + ci] * oihw[((co * c + ci) * kh + ky) * kw + kx];
            }
          }
          data[at++] = sum / sigma + (bias ? bias[co] : 0);
        }
  return { data, shape: [n, oh, ow, o] };
}

export interface LayerReference {
  x: ArrayLike<number>;
  shape: readonly number[];
  w: ArrayLike<number>;
  weights: readonly number[];
  bias: ArrayLike<number>;
  sigma: ArrayLike<number>;
  residual?: ArrayLike<number>;
  /** The residual is half as large and read as its nearest x2 upsampling. */
  up?: boolean;
  stride: number;
  pad: number;
  act: "none" | ActivationKind;
}

/** Index of the residual's value behind result i. */
function residualAt(i: number, [, h, w, c]: readonly number[], up = false): number {
  if (!up) return i;
  const [ch, px, py, n] = [i % c, Math.floor(i / c) % w, Math.floor(i / c / w) % h, Math.floor(i / c / w / h)];
  return ((n * (h / 2) + (py >> 1)) * (w / 2) + (px >> 1)) * c + ch;
}

const before = (a: LayerReference): ReturnType<typeof conv2dReference> =>
  conv2dReference(a.x, a.shape, a.w, a.weights, { bias: a.bias, sigma: a.sigma[0], stride: a.stride, pad: a.pad });

export function layerReference(a: LayerReference): Float64Array {
  const { data, shape } = before(a);
  return data.map(
    (z, i) =>
      (a.act === "none" ? z : activationReference[a.act](z)) +
      (a.residual ? a.residual[residualAt(i, shape, a.up)] : 0),
  );
}

export function layerGradients(
  a: LayerReference,
  dy: ArrayLike<number>,
): Record<"x" | "w" | "bias" | "sigma" | "residual", Float64Array> {
  const { data, shape } = before(a);
  const [n, h, w, c] = a.shape;
  const [o, , kh, kw] = a.weights;
  const [, oh, ow] = shape;
  const sigma = a.sigma[0];
  const grads = {
    x: new Float64Array(a.x.length),
    w: new Float64Array(a.w.length),
    bias: new Float64Array(o),
    sigma: new Float64Array(1),
    residual: new Float64Array(a.residual?.length ?? 0),
  };
  let at = 0;
  for (let b = 0; b < n; b++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++)
        for (let co = 0; co < o; co++, at++) {
          const dz = dy[at] * (a.act === "none" ? 1 : activationSlope[a.act](data[at]));
          if (a.residual) grads.residual[residualAt(at, shape, a.up)] += dy[at];
          grads.bias[co] += dz;
          grads.sigma[0] -= (dz * (data[at] - a.bias[co])) / sigma;
          for (let ky = 0; ky < kh; ky++)
            for (let kx = 0; kx < kw; kx++) {
              const [iy, ix] = [oy * a.stride + ky - a.pad, ox * a.stride + kx - a.pad];
              if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
              for (let ci = 0; ci < c; ci++) {
                const [i, j] = [((b * h + iy) * w + ix) * c + ci, ((co * c + ci) * kh + ky) * kw + kx];
                grads.x[i] += (dz * a.w[j]) / sigma;
                grads.w[j] += (dz * a.x[i]) / sigma;
              }
            }
        }
  return grads;
}
