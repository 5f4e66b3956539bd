// Float64 sum of weight columns over the taps of label windows; weights OIHW, edge as the channel `edgeRow`.

export function windowGatherReference(
  windows: ArrayLike<number>,
  oihw: ArrayLike<number>,
  [o, s, kh, kw]: readonly number[],
  bias: ArrayLike<number>,
  { edgeRow, relu }: { edgeRow: number; relu: boolean },
): Float64Array {
  const taps = kh * kw;
  const rows = windows.length / taps;
  const out = new Float64Array(rows * o);
  for (let r = 0; r < rows; r++) {
    if (windows[r * taps] === -2) continue;
    for (let co = 0; co < o; co++) {
      let sum = bias[co];
      for (let t = 0; t < taps; t++) {
        const code = windows[r * taps + t];
        if (code < 0) continue;
        sum += oihw[(co * s + (code >> 1)) * taps + t];
        if (code & 1 && edgeRow >= 0) sum += oihw[(co * s + edgeRow) * taps + t];
      }
      out[r * o + co] = relu ? Math.max(0, sum) : sum;
    }
  }
  return out;
}

/** Gradients of the sum of y * dy. */
export function windowGatherGradients(
  windows: ArrayLike<number>,
  oihw: ArrayLike<number>,
  [o, s, kh, kw]: readonly number[],
  bias: ArrayLike<number>,
  { edgeRow, relu }: { edgeRow: number; relu: boolean },
  dy: ArrayLike<number>,
): { w: Float64Array; bias: Float64Array } {
  const taps = kh * kw;
  const y = windowGatherReference(windows, oihw, [o, s, kh, kw], bias, { edgeRow, relu });
  const out = { w: new Float64Array(oihw.length), bias: new Float64Array(o) };
  for (let r = 0; r < windows.length / taps; r++) {
    if (windows[r * taps] === -2) continue;
    for (let co = 0; co < o; co++) {
      if (relu && y[r * o + co] <= 0) continue;
      out.bias[co] += dy[r * o + co];
      for (let t = 0; t < taps; t++) {
        const code = windows[r * taps + t];
        if (code < 0) continue;
        out.w[(co * s + (code >> 1)) * taps + t] += dy[r * o + co];
        if (code & 1 && edgeRow >= 0) out.w[(co * s + edgeRow) * taps + t] += dy[r * o + co];
      }
    }
  }
  return out;
}
