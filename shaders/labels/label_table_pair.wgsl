// Each thread computes COLUMNS vec4 of channels, LX apart (kernels/parts/grid.ts), of one outer window: bias + the k*k rows of t that
// the window names, one for each tap, written to row first[0] + row of gamma or beta. Columns below P4 are gamma's, the others beta's;
// each has C4 of them, then padding up to P4. t holds T4 columns, from COL on.
// t [tap][row][T4]; windows [outer row][tap]: rows of t; row 0 stands for "outside the picture" and is zero.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let row = {{row}};
  let to = row + u32(first[0]);
  if (c >= $T4 || to >= $ROWS) { return; }
  var sum: array<vec4f, {{COLUMNS}}>;
  for (var j = 0u; j < {{COLUMNS}}u; j++) {
    let column = $COL + min(c + j * {{LX}}u, $T4 - 1u);
    let k = min(column % $P4, $C4 - 1u);
    sum[j] = select(vec4f(beta_bias[k]), vec4f(gamma_bias[k]), column < $P4);
  }
  for (var tap = 0u; tap < $TAPS; tap++) {
    let at = (tap * $INNER + u32(windows[row * $TAPS + tap])) * $T4;
    for (var j = 0u; j < {{COLUMNS}}u; j++) { sum[j] += vec4f(t[at + min(c + j * {{LX}}u, $T4 - 1u)]); }
  }
  for (var j = 0u; j < {{COLUMNS}}u; j++) {
    let column = $COL + c + j * {{LX}}u;
    let k = column % $P4;
    if (c + j * {{LX}}u < $T4 && k < $C4) {
      if (column < $P4) { gamma[to * $C4 + k] = gamma_t(sum[j]); } else { beta[to * $C4 + k] = beta_t(sum[j]); }
    }
  }
}
