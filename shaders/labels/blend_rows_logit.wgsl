// The logit's gradient: s * (1 - s) times the sum of C4 vec4s, in order, by one thread.

@compute @workgroup_size(1, 1, 1)
fn main() {
  var sum = vec4f(0.0);
  for (var c = 0u; c < $C4; c++) { sum += sums[c]; }
  let s = 1.0 / (1.0 + exp(-logit[0].x));
  dlogit[0] = vec4f(s * (1.0 - s) * dot(sum, vec4f(1.0)), 0.0, 0.0, 0.0);
}
