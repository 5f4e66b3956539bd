// Row of a table for every id.

export function gatherRowsReference(table: ArrayLike<number>, c: number, ids: ArrayLike<number>): Float64Array {
  const out = new Float64Array(ids.length * c);
  for (let p = 0; p < ids.length; p++) for (let ch = 0; ch < c; ch++) out[p * c + ch] = table[ids[p] * c + ch];
  return out;
}
