// Packed weights for the data gradient: taps in reverse order, input and output channels exchanged. w [tap][Cin][CO4] becomes
// turned [taps-1-tap][Cout][C4]; each thread transposes a 4x4 block of channels.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let o = id.y;
  if (c >= $C4 || o >= $CO4) { return; }
  let first = (id.z * $C4 * 4u + c * 4u) * $CO4 + o;
  let rows = mat4x4f(vec4f(w[first]), vec4f(w[first + $CO4]), vec4f(w[first + 2u * $CO4]), vec4f(w[first + 3u * $CO4]));
  let m = transpose(rows);
  let to = (($TAPS - 1u - id.z) * $CO4 * 4u + o * 4u) * $C4 + c;
  turned[to] = turned_t(m[0]);
  turned[to + $C4] = turned_t(m[1]);
  turned[to + 2u * $C4] = turned_t(m[2]);
  turned[to + 3u * $C4] = turned_t(m[3]);
}
