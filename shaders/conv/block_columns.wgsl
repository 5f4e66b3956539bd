// Converts matrices of weights from [Z][K][N] to blocks of 16 columns, [Z][N/16][K/4][16] vec4 along k, or (`unblock`) back. Each thread
// moves the four k of one column. In the blocks, columns beyond N are zero.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let n = id.x;
  let k4 = id.y;
  if (n >= $NPAD || k4 >= $K4) { return; }
  let blocked = (((id.z * $BLOCKS + $FIRST + n / 16u) * $K4 + k4) * 16u + n % 16u) * 4u;
  let plain = (id.z * $K4 * 4u + k4 * 4u) * $N + n;
  for (var e = 0u; e < 4u; e++) {
#if unblock
    if (n < $N) { y[plain + e * $N] = x[blocked + e]; }
#else
    y[blocked + e] = select(y_t(0.0), x[plain + e * $N], n < $N);
#endif
  }
}
