// Appended to every variant of gemm(): where the rows of a begin, and how results are stored. Sizes: kernels/parts/gemm.ts.

// Index in a of the first vec4 of the given row of matrix z. Rows beyond the last one read the last one again.
fn row_start(row: u32, z: u32) -> u32 {
  let m = min(row, $M - 1u);
#if blocked
  return z * $ABATCH + (m >> 3u) * $K4 * 8u + (m & 7u);
#else
#if picked
  return z * $ABATCH + u32(picks[m * $Z + z]) * $APITCH + $AFIRST;
#else
  return z * $ABATCH + m * $APITCH + $AFIRST;
#endif
#endif
}

// Four columns of a row of matrix z, if that row and those columns exist.
fn put(z: u32, row: u32, column4: u32, sum: vec4f) {
  if (row < $M && column4 < $N4) { c[z * $CBATCH + row * $N4 + column4] = c_t(finish(sum, column4)); }
}
