// Float64 spectral norm in the published order: W is OIHW viewed as [Cout, Cin*kh*kw]; one power iteration in training mode.

export function spectralReference(
  oihw: ArrayLike<number>,
  cout: number,
  u0: ArrayLike<number>,
  v0: ArrayLike<number>,
  train: boolean,
): { sigma: number; u: Float64Array; v: Float64Array } {
  const k = oihw.length / cout;
  let u: Float64Array = Float64Array.from(u0);
  let v: Float64Array = Float64Array.from(v0);
  const unit = (a: Float64Array): Float64Array => {
    const norm = Math.max(Math.sqrt(a.reduce((s, x) => s + x * x, 0)), 1e-12);
    return a.map((x) => x / norm);
  };
  const wv = (): Float64Array =>
    Float64Array.from({ length: cout }, (_, o) => v.reduce((s, x, i) => s + x * oihw[o * k + i], 0));
  if (train) {
    v = unit(Float64Array.from({ length: k }, (_, i) => u.reduce((s, x, o) => s + x * oihw[o * k + i], 0)));
    u = unit(wv());
  }
  return { sigma: wv().reduce((s, x, o) => s + x * u[o], 0), u, v };
}

/** Gradient of sigma = u^T W v by W in the published order; u and v are constants. */
export function spectralGradient(dsigma: number, u: ArrayLike<number>, v: ArrayLike<number>): Float64Array {
  return Float64Array.from(
    { length: u.length * v.length },
    (_, i) => dsigma * u[Math.floor(i / v.length)] * v[i % v.length],
  );
}
