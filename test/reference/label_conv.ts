// Label maps as the one-hot tensors that they stand for: channel label, and the edge's channel.

export function oneHot(codes: ArrayLike<number>, channels: number, edgeRow: number): Float64Array {
  const out = new Float64Array(codes.length * channels);
  for (let i = 0; i < codes.length; i++) {
    out[i * channels + (codes[i] >> 1)] = 1;
    if (edgeRow >= 0 && codes[i] & 1) out[i * channels + edgeRow] = 1;
  }
  return out;
}
