// Appended to every variant of gemm(): where the rows of a begin, and how results are stored. Sizes: kernels/parts/gemm.ts.

// Rows of the product. With a list of tiles (shaders/parts/extent.wgsl) they are pixels of a picture of PH x PW, four of each tile.
fn rows_end() -> u32 {
#if listed
  return ($PH + 1u) / 2u * (($PW + 1u) / 2u) * 4u;
#else
  return $M;
#endif
}

// The row of a and c that is row m of the product; M where there is none.
fn row_at(m: u32) -> u32 {
#if listed
  let p = pixel_at(m, $PH, $PW);
  return select($M, p.y * $PW + p.x, p.y < $PH && p.x < $PW);
#else
  return m;
#endif
}

// Index in a of the first vec4 of the given row of matrix z. Rows beyond the last one read the last one again.
fn row_start(row: u32, z: u32) -> u32 {
  let m = min(row_at(row), $M - 1u);
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
  let m = row_at(row);
  if (m < $M && column4 < $N4) { c[z * $CBATCH + m * $N4 + column4] = c_t(finish(sum, column4)); }
}
