// dw: the slices of every weight added in order, divided by sigma.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let count = min($SLICES, arrayLength(&slices));
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    var s = vec4f(0.0);
    for (var k = 0u; k < count; k++) { s += slices[k * $N4 + i]; }
#if sigma
    s = s / f32(sigma[0].x);
#endif
    dw[i] = dw_t(s);
  }
}
