// dlogvar = dz exp(logvar / 2) eps / 2; strided.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    dlogvar[i] = dlogvar_t(0.5 * vec4f(dz[i]) * exp(0.5 * vec4f(logvar[i])) * vec4f(eps[i]));
  }
}
