// dmu = k mu, dlogvar = k (exp(logvar) - 1) / 2, with k = dloss * SCALE; strided.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let k = dloss[0].x * $SCALE;
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    dmu[i] = dmu_t(k * vec4f(mu[i]));
    dlogvar[i] = dlogvar_t(0.5 * k * (exp(vec4f(logvar[i])) - 1.0));
  }
}
