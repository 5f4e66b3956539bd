// z = mu + exp(logvar / 2) eps; strided.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    z[i] = z_t(vec4f(mu[i]) + exp(0.5 * vec4f(logvar[i])) * vec4f(eps[i]));
  }
}
