// First stage of kld: thread t sums 1 + logvar - mu^2 - exp(logvar) of its share; strided. Padded elements add 1 + 0 - 0 - 1 = 0.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  var s = vec4f(0.0);
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    let m = vec4f(mu[i]);
    let l = vec4f(logvar[i]);
    s += 1.0 + l - m * m - exp(l);
  }
  shares[id.x] = s.x + s.y + s.z + s.w;
}
