// y = a + b, strided.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    y[i] = y_t(vec4f(a[i]) + vec4f(b[i]));
  }
}
