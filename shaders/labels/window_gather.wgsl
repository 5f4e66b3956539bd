// Each thread computes COLUMNS vec4 of outputs, LX apart, of one window (kernels/parts/grid.ts).

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let co = {{column}};
  let row = {{row}};
  if (co >= $CO4 || row >= $ROWS) { return; }
  var s: array<vec4f, {{COLUMNS}}>;
  let none = windows[row * $TAPS] == {{NO_WINDOW}};
  if (!none) {
    for (var j = 0u; j < {{COLUMNS}}u; j++) { s[j] = vec4f(bias[min(co + j * {{LX}}u, $CO4 - 1u)]); }
  }
  // TAPS, with a bound that the compiler does not know: unrolled, 25 taps took lavapipe 5 s to compile.
  let taps = select(min($TAPS, arrayLength(&windows)), 0u, none);
  for (var t = 0u; t < taps; t++) {
    let code = windows[row * $TAPS + t];
    if (code == {{OUTSIDE_CODE}}) { continue; }
    for (var j = 0u; j < {{COLUMNS}}u; j++) {
      let c = min(co + j * {{LX}}u, $CO4 - 1u);
      s[j] += vec4f(w[(t * $S + u32(code >> 1u)) * $CO4 + c]);
#if edge
      if ((code & 1) == 1) { s[j] += vec4f(w[(t * $S + $EDGE) * $CO4 + c]); }
#endif
    }
  }
  for (var j = 0u; j < {{COLUMNS}}u; j++) {
    let c = co + j * {{LX}}u;
    if (c >= $CO4) { return; }
#if relu
    s[j] = max(s[j], vec4f(0.0));
#endif
    y[row * $CO4 + c] = y_t(s[j]);
  }
}
