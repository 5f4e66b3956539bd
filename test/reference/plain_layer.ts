// Float64 layer of discriminator and encoder: conv (spectral norm after one power iteration), norm, leaky ReLU; and max pooling,
// out of the references of the ops.

import { conv2dReference } from "./conv2d.ts";
import { normaliseReference } from "./normalise.ts";
import { statisticsReference } from "./statistics.ts";

export interface HostMap {
  data: ArrayLike<number>;
  shape: number[];
}

const normalized = (x: Float64Array): Float64Array => {
  const norm = Math.max(Math.sqrt(x.reduce((sum, v) => sum + v * v, 0)), 1e-12);
  return x.map((v) => v / norm);
};

/** sigma after one power iteration from u; W is [rows, rest]. */
export function sigmaReference(w: ArrayLike<number>, u: ArrayLike<number>): number {
  const rows = u.length;
  const columns = w.length / rows;
  const v = normalized(
    Float64Array.from({ length: columns }, (_, j) =>
      Array.from(u).reduce((sum, ui, i) => sum + ui * w[i * columns + j], 0),
    ),
  );
  const wv = Float64Array.from({ length: rows }, (_, i) => v.reduce((sum, vj, j) => sum + vj * w[i * columns + j], 0));
  const next = normalized(wv);
  return wv.reduce((sum, value, i) => sum + value * next[i], 0);
}

export function plainLayerReference(
  x: HostMap,
  w: ArrayLike<number>,
  wShape: readonly number[],
  how: {
    stride: number;
    pad: number;
    bias?: ArrayLike<number>;
    sigma?: number;
    norm: "none" | "batch" | "instance";
    affine?: [weight: ArrayLike<number>, bias: ArrayLike<number>];
    slope: number;
  },
): HostMap {
  const y = conv2dReference(x.data, x.shape, w, wShape, how);
  if (how.norm === "none") return { data: y.data.map((v) => (v > 0 ? v : how.slope * v)), shape: y.shape };
  const [n, h, wd, c] = y.shape;
  const groups = how.norm === "batch" ? 1 : n;
  const s = statisticsReference(y.data, groups, (n * h * wd) / groups, c);
  const rstd = s.variance.map((v) => 1 / Math.sqrt(v + 1e-5));
  const [weight, bias] = how.affine ?? [];
  return {
    data: normaliseReference({ x: y.data, mean: s.mean, rstd, weight, bias }, y.shape, { groups, slope: how.slope }).y,
    shape: y.shape,
  };
}
