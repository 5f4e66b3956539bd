// Each thread computes COLUMNS vec4 of channels, LX apart (kernels/parts/grid.ts), of one outer window: bias + the k*k rows of t that its
// inner windows name, one for each tap. t holds T4 columns of the table, from COL on.
// t [tap][inner id][T4]; windows [outer row][tap]: inner ids; id 0 stands for "outside the picture", and its row of t is zero.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let row = {{row}};
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
