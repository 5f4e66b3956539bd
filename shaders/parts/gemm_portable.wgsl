// gemm() on any adapter: each thread computes 4 rows times 4 columns in registers. No extension, no workgroup memory, no barrier.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x * 4u;
  let col = id.y;
  if (row >= rows_end() || col >= $N4) { return; }
  let p0 = row_start(row, id.z);
  let p1 = row_start(row + 1u, id.z);
  let p2 = row_start(row + 2u, id.z);
  let p3 = row_start(row + 3u, id.z);
  var at = id.z * $BBATCH + ($BBLOCK + (col >> 2u)) * $K4 * 16u + (col & 3u) * 4u;
  var s0 = vec4f(0.0);
  var s1 = vec4f(0.0);
  var s2 = vec4f(0.0);
  var s3 = vec4f(0.0);
  for (var k = 0u; k < $K4; k++) {
    let w = transpose(mat4x4f(vec4f(b[at]), vec4f(b[at + 1u]), vec4f(b[at + 2u]), vec4f(b[at + 3u])));
    s0 += w * vec4f(a[p0 + k * $ASTEP]);
    s1 += w * vec4f(a[p1 + k * $ASTEP]);
    s2 += w * vec4f(a[p2 + k * $ASTEP]);
    s3 += w * vec4f(a[p3 + k * $ASTEP]);
    at += 16u;
  }
  put(id.z, row, col, s0);
  put(id.z, row + 1u, col, s1);
  put(id.z, row + 2u, col, s2);
  put(id.z, row + 3u, col, s3);
}
