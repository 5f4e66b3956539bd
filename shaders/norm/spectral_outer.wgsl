// dw[r,c] = factor * rows[r] * columns[c]; strided over vec4s.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $ROWS * $C4; i += groups.x * 64u) {
    dw[i] = factor[0].x * rows[i / $C4] * columns[i % $C4];
  }
}
