// Float64 normalise, modulate, leaky, with x read at the pixel's floor(Y/up), floor(X/up). `whole` and `factors` as in the op.

interface How {
  up: number;
  groups: number;
  slope: number;
  whole?: boolean;
}

export function modulateReference(
  a: {
    x: ArrayLike<number>;
    mean: ArrayLike<number>;
    rstd: ArrayLike<number>;
    gamma: ArrayLike<number>;
    beta: ArrayLike<number>;
    ids: ArrayLike<number>;
    factors?: ArrayLike<number>;
  },
  [n, h, w, c]: readonly number[],
  { up, groups, slope, whole }: How,
): Float64Array {
  const out = new Float64Array(n * h * up * w * up * c);
  const base = whole ? 0 : 1;
  let pixel = 0;
  for (let b = 0; b < n; b++)
    for (let oy = 0; oy < h * up; oy++)
      for (let ox = 0; ox < w * up; ox++, pixel++)
        for (let ch = 0; ch < c; ch++) {
          const s = (groups > 1 ? b : 0) * c + ch;
          const t = a.ids[pixel] * c + ch;
          const value = a.x[((b * h + Math.floor(oy / up)) * w + Math.floor(ox / up)) * c + ch];
          const [f0, f1] = [0, 1].map((i) => 1 + (a.factors?.[2 * pixel + i] ?? 0));
          const z = (value - a.mean[s]) * a.rstd[s] * (base + a.gamma[t]) * f0 + a.beta[t] * f1;
          out[pixel * c + ch] = z > 0 ? z : slope * z;
        }
  return out;
}

/** Gradients of the sum of y * dy. */
export function modulateGradients(
  a: Parameters<typeof modulateReference>[0] & { dy: ArrayLike<number> },
  [, h, w, c]: readonly number[],
  { up, groups, slope, whole }: How,
): Record<"x" | "mean" | "rstd" | "gamma" | "beta" | "factors", Float64Array> {
  const [x, mean, rstd, gamma, beta] = [a.x, a.mean, a.rstd, a.gamma, a.beta].map((v) => new Float64Array(v.length));
  const factors = new Float64Array(2 * a.ids.length);
  const base = whole ? 0 : 1;
  for (let pixel = 0; pixel < a.ids.length; pixel++) {
    const row = Math.floor(pixel / (w * up));
    const low = (Math.floor(row / up) * w + Math.floor((pixel % (w * up)) / up)) * c;
    const image = Math.floor(row / (h * up));
    for (let ch = 0; ch < c; ch++) {
      const s = (groups > 1 ? image : 0) * c + ch;
      const t = a.ids[pixel] * c + ch;
      const d = a.x[low + ch] - a.mean[s];
      const [f0, f1] = [0, 1].map((i) => 1 + (a.factors?.[2 * pixel + i] ?? 0));
      const scale = base + a.gamma[t];
      const z = d * a.rstd[s] * scale * f0 + a.beta[t] * f1;
      const dz = a.dy[pixel * c + ch] * (z > 0 ? 1 : slope);
      const dxn = dz * scale * f0;
      beta[t] += dz * f1;
      gamma[t] += dz * d * a.rstd[s] * f0;
      factors[2 * pixel] += dz * d * a.rstd[s] * scale;
      factors[2 * pixel + 1] += dz * a.beta[t];
      x[low + ch] += dxn * a.rstd[s];
      mean[s] -= dxn * a.rstd[s];
      rstd[s] += dxn * d;
    }
  }
  return { x, mean, rstd, gamma, beta, factors };
}
