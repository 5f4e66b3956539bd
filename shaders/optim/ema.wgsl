// y = d y + (1 - d) x with d and 1 - d from `decay` or, without the constant `average`, a copy of x; strided. `skip`: do nothing after an
// overflow.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
#if skip
  if (overflow[0].x != 0.0) { return; }
#endif
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
#if average
    y[i] = y_t(decay[0].x * vec4f(y[i]) + decay[0].y * vec4f(x[i]));
#else
    y[i] = y_t(vec4f(x[i]));
#endif
  }
}
