// Float64 mean and biased variance of [groups, pixels, channels], by two passes.

export function statisticsReference(
  x: ArrayLike<number>,
  groups: number,
  pixels: number,
  c: number,
): { mean: Float64Array; variance: Float64Array } {
  const mean = new Float64Array(groups * c);
  const variance = new Float64Array(groups * c);
  for (let g = 0; g < groups; g++)
    for (let ch = 0; ch < c; ch++) {
      const at = (p: number): number => x[(g * pixels + p) * c + ch];
      let sum = 0;
      for (let p = 0; p < pixels; p++) sum += at(p);
      const m = sum / pixels;
      let squares = 0;
      for (let p = 0; p < pixels; p++) squares += (at(p) - m) ** 2;
      mean[g * c + ch] = m;
      variance[g * c + ch] = squares / pixels;
    }
  return { mean, variance };
}

/** Gradient of the sum of mean * dmean + variance * dvariance + rstd * drstd. */
export function statisticsGradient(
  x: ArrayLike<number>,
  groups: number,
  pixels: number,
  c: number,
  {
    eps = 1e-5,
    ...d
  }: { dmean?: ArrayLike<number>; dvariance?: ArrayLike<number>; drstd?: ArrayLike<number>; eps?: number },
): Float64Array {
  const { mean, variance } = statisticsReference(x, groups, pixels, c);
  return Float64Array.from({ length: groups * pixels * c }, (_, i) => {
    const s = Math.floor(i / (pixels * c)) * c + (i % c);
    const dv = (d.dvariance?.[s] ?? 0) - ((d.drstd?.[s] ?? 0) * (variance[s] + eps) ** -1.5) / 2;
    return ((d.dmean?.[s] ?? 0) + dv * 2 * (x[i] - mean[s])) / pixels;
  });
}
