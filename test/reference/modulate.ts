// Float64 normalise, modulate, leaky, with x read at the pixel's floor(Y/up), floor(X/up).

export function modulateReference(
  a: {
    x: ArrayLike<number>;
    mean: ArrayLike<number>;
    rstd: ArrayLike<number>;
    gamma: ArrayLike<number>;
    beta: ArrayLike<number>;
    ids: ArrayLike<number>;
  },
  [n, h, w, c]: readonly number[],
  { up, groups, slope }: { up: number; groups: number; slope: number },
): Float64Array {
  const out = new Float64Array(n * h * up * w * up * c);
  let pixel = 0;
  for (let b = 0; b < n; b++)
    for (let oy = 0; oy < h * up; oy++)
      for (let ox = 0; ox < w * up; ox++, pixel++)
        for (let ch = 0; ch < c; ch++) {
          const s = (groups > 1 ? b : 0) * c + ch;
          const t = a.ids[pixel] * c + ch;
          const value = a.x[((b * h + Math.floor(oy / up)) * w + Math.floor(ox / up)) * c + ch];
          const z = (value - a.mean[s]) * a.rstd[s] * (1 + a.gamma[t]) + a.beta[t];
          out[pixel * c + ch] = z > 0 ? z : slope * z;
        }
  return out;
}

/** Gradients of the sum of y * dy. */
export function modulateGradients(
  a: Parameters<typeof modulateReference>[0] & { dy: ArrayLike<number> },
  [, h, w, c]: readonly number[],
  { up, groups, slope }: { up: number; groups: number; slope: number },
): Record<"x" | "mean" | "rstd" | "gamma" | "beta", Float64Array> {
  const [x, mean, rstd, gamma, beta] = [a.x, a.mean, a.rstd, a.gamma, a.beta].map((v) => new Float64Array(v.length));
  for (let pixel = 0; pixel < a.ids.length; pixel++) {
    const row = Math.floor(pixel / (w * up));
    const low = (Math.floor(row / up) * w + Math.floor((pixel % (w * up)) / up)) * c;
    const image = Math.floor(row / (h * up));
    for (let ch = 0; ch < c; ch++) {
      const s = (groups > 1 ? image : 0) * c + ch;
      const t = a.ids[pixel] * c + ch;
      const d = a.x[low + ch] - a.mean[s];
      const z = d * a.rstd[s] * (1 + a.gamma[t]) + a.beta[t];
      const dz = a.dy[pixel * c + ch] * (z > 0 ? 1 : slope);
      const dxn = dz * (1 + a.gamma[t]);
      beta[t] += dz;
      gamma[t] += dz * d * a.rstd[s];
      x[low + ch] += dxn * a.rstd[s];
      mean[s] -= dxn * a.rstd[s];
      rstd[s] += dxn * d;
    }
  }
  return { x, mean, rstd, gamma, beta };
}
