// y[i] = sum of vec4 i of the SLICES parts, in order, divided by sigma if there is one.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    var s = vec4f(0.0);
    for (var p = 0u; p < $SLICES; p++) { s += parts[p * $N4 + i]; }
#if sigma
    s = s / f32(sigma[0].x);
#endif
    y[i] = s;
  }
}
