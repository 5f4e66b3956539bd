// Last stage of negatedDot: adds the 64 column sums, in order; y = -sum / sigma.

@compute @workgroup_size(1, 1, 1)
fn main() {
  var s = vec4f(0.0);
  for (var i = 0u; i < 16u; i++) { s += columns[i]; }
  y[0] = vec4f(-(s.x + s.y + s.z + s.w) / f32(sigma[0].x), 0.0, 0.0, 0.0);
}
