// Row of a table for every id.

export function gatherRowsReference(table: ArrayLike<number>, c: number, ids: ArrayLike<number>): Float64Array {
  const out = new Float64Array(ids.length * c);
  for (let p = 0; p < ids.length; p++) for (let ch = 0; ch < c; ch++) out[p * c + ch] = table[ids[p] * c + ch];
  return out;
}

/** Gradient of the sum of y * dy. */
export function gatherRowsGradient(
  dy: ArrayLike<number>,
  c: number,
  ids: ArrayLike<number>,
  rows: number,
): Float64Array {
  const out = new Float64Array(rows * c);
  for (let p = 0; p < ids.length; p++) for (let ch = 0; ch < c; ch++) out[ids[p] * c + ch] += dy[p * c + ch];
  return out;
}
