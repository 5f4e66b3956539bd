// A thread makes 4 rows times 4 columns in registers: no extension, no workgroup memory, no barrier.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.x * 4u;
  let col = id.y;
  if (row >= $M || col >= $N4) { return; }
{{address}}
  var at = id.z * $BBATCH + ($BBLOCK + (col >> 2u)) * $K4 * 16u + (col & 3u) * 4u;
  var s0 = vec4f(0.0); var s1 = vec4f(0.0); var s2 = vec4f(0.0); var s3 = vec4f(0.0);
  for (var k = 0u; k < $K4; k++) {
    let w = transpose(mat4x4f(vec4f(b[at]), vec4f(b[at + 1u]), vec4f(b[at + 2u]), vec4f(b[at + 3u])));
    s0 += w * vec4f(a[p0 + k * $ASTEP]);
    s1 += w * vec4f(a[p1 + k * $ASTEP]);
    s2 += w * vec4f(a[p2 + k * $ASTEP]);
    s3 += w * vec4f(a[p3 + k * $ASTEP]);
    at += 16u;
  }
  let out = id.z * $CBATCH + col;
  c[out + row * $N4] = c_t(finish(s0, col));
  if (row + 1u < $M) { c[out + (row + 1u) * $N4] = c_t(finish(s1, col)); }
  if (row + 2u < $M) { c[out + (row + 2u) * $N4] = c_t(finish(s2, col)); }
  if (row + 3u < $M) { c[out + (row + 3u) * $N4] = c_t(finish(s3, col)); }
}
