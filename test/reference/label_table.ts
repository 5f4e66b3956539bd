// Float64 convolution of table rows over windows of inner ids; weights OIHW.

type Windows = ArrayLike<number>;

export function labelTableReference(
  a: ArrayLike<number>,
  oihw: ArrayLike<number>,
  [o, s, kh, kw]: readonly number[],
  bias: ArrayLike<number>,
  windows: Windows,
): Float64Array {
  const taps = kh * kw;
  const out = new Float64Array((windows.length / taps) * o);
  for (let r = 0; r < windows.length / taps; r++) {
    for (let co = 0; co < o; co++) {
      let sum = bias[co];
      for (let t = 0; t < taps; t++)
        for (let i = 0; i < s; i++) sum += a[windows[r * taps + t] * s + i] * oihw[(co * s + i) * taps + t];
      out[r * o + co] = sum;
    }
  }
  return out;
}

/** Gradients of the sum of the table * dy. */
export function labelTableGradients(
  a: ArrayLike<number>,
  oihw: ArrayLike<number>,
  [o, s, kh, kw]: readonly number[],
  windows: Windows,
  dy: ArrayLike<number>,
): Record<"a" | "w" | "bias", Float64Array> {
  const taps = kh * kw;
  const out = { a: new Float64Array(a.length), w: new Float64Array(oihw.length), bias: new Float64Array(o) };
  for (let r = 0; r < windows.length / taps; r++) {
    for (let co = 0; co < o; co++) {
      const d = dy[r * o + co];
      out.bias[co] += d;
      for (let t = 0; t < taps; t++) {
        for (let i = 0; i < s; i++) {
          const from = windows[r * taps + t] * s + i;
          out.a[from] += d * oihw[(co * s + i) * taps + t];
          out.w[(co * s + i) * taps + t] += d * a[from];
        }
      }
    }
  }
  return out;
}
