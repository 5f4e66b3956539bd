// dx = dy * (y > 0 ? 1 : slope), strided.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    let d = vec4f(dy[i]);
    dx[i] = dx_t(select($SLOPE * d, d, vec4f(y[i]) > vec4f(0.0)));
  }
}
