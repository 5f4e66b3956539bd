// U = G g G^T for every (input channel, vec4 of output channels):  G = [1 0 0; .5 .5 .5; .5 -.5 .5; 0 0 1]
// w [tap][Cin][CO4] -> u [16][Cin][CO4]

fn row(a: vec4f, b: vec4f, c: vec4f) -> array<vec4f, 4> {
  return array<vec4f, 4>(a, 0.5 * (a + b + c), 0.5 * (a - b + c), c);
}

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= $CO4 || id.y >= $CIN) { return; }
  let at = id.y * $CO4 + id.x;
  let tap = $CIN * $CO4;
  var columns: array<array<vec4f, 4>, 3>;
  for (var kx = 0u; kx < 3u; kx++) {
    columns[kx] = row(vec4f(w[at + kx * tap]), vec4f(w[at + (3u + kx) * tap]), vec4f(w[at + (6u + kx) * tap]));
  }
  for (var i = 0u; i < 4u; i++) {
    let r = row(columns[0][i], columns[1][i], columns[2][i]);
    for (var j = 0u; j < 4u; j++) { u[(i * 4u + j) * tap + at] = u_t(r[j]); }
  }
}
