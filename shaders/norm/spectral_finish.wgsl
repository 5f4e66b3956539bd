// Adds the 64 shares in order. Constant `norm`: they are shares of the squared norm of sums; then unit = sums / max(norm, 1e-12) and,
// with `sigma`, sigma = u^T W v = |W v|^2 / max(|W v|, 1e-12). Otherwise their sum is sigma.

fn total() -> f32 {
  var s = vec4f(0.0);
  for (var i = 0u; i < min(16u, arrayLength(&shares)); i++) { s += shares[i]; }
  return s.x + s.y + s.z + s.w;
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let sum = total();
#if norm
  let length = max(sqrt(sum), 1e-12);
  if (id.x < $N4) { unit[id.x] = sums[id.x] / length; }
#if sigma
  if (id.x == 0u) { sigma[0] = vec4f(sum / length, 0.0, 0.0, 0.0); }
#endif
#else
  if (id.x == 0u) { sigma[0] = vec4f(sum, 0.0, 0.0, 0.0); }
#endif
}
