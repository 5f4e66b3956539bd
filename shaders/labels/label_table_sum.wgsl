// {{COLUMNS}} vec4 of channels, {{LX}} apart, of one distinct outer window: bias + the k*k rows of t that its inner windows name, one a tap.
// t [tap][inner row][T4]; windows [outer row][tap]: inner ids, 0 = outside the image, whose row of t is zero.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) g: vec3u) {
  let c = id.x + g.x * {{LX}}u * ({{COLUMNS}}u - 1u);
  let row = id.y + id.z * $YSPAN;
  if (c >= $T4 || row >= $ROWS) { return; }
  var sum: array<vec4f, {{COLUMNS}}>;
  for (var j = 0u; j < {{COLUMNS}}u; j++) { sum[j] = vec4f(bias[$COL + min(c + j * {{LX}}u, $T4 - 1u)]); }
  for (var tap = 0u; tap < $TAPS; tap++) {
    let at = (tap * $INNER + u32(windows[row * $TAPS + tap])) * $T4;
    for (var j = 0u; j < {{COLUMNS}}u; j++) { sum[j] += vec4f(t[at + min(c + j * {{LX}}u, $T4 - 1u)]); }
  }
  for (var j = 0u; j < {{COLUMNS}}u; j++) {
    let k = c + j * {{LX}}u;
    if (k < $T4) { y[row * $C4 + $COL + k] = y_t(sum[j]); }
  }
}
