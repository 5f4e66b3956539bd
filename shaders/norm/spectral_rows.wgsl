// Partial sums of W^T u: products[j][r] = sum of w[r,o] * u[o] over the vec4 columns j, j + PARTS, ... Neighbouring lanes read
// neighbouring vec4s.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x % {{PARTS}}u;
  let r = id.x / {{PARTS}}u;
  if (r >= $ROWS) { return; }
  let end = min($C4, arrayLength(&w));
  var s = vec4f(0.0);
  for (var c = j; c < end; c += {{PARTS}}u) { s += vec4f(w[r * $C4 + c]) * u[c]; }
  products[j * $ROWS + r] = s.x + s.y + s.z + s.w;
}
