// A thread makes {{COLUMNS}} vec4 of outputs, {{LX}} apart, of one window. Lanes lie over channels: the lanes of a window read one code and
// one run of a row.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) g: vec3u) {
  let co = id.x + g.x * {{LX}}u * ({{COLUMNS}}u - 1u);
  let row = id.y + id.z * $YSPAN;
  if (co >= $CO4 || row >= $ROWS) { return; }
  var s: array<vec4f, {{COLUMNS}}>;
  let none = windows[row * $TAPS] == -2;
  if (!none) {
    for (var j = 0u; j < {{COLUMNS}}u; j++) { s[j] = vec4f(bias[min(co + j * {{LX}}u, $CO4 - 1u)]); }
  }
  // A bound that the compiler can't see: unrolled, 25 taps took lavapipe 5 s to compile.
  let taps = select(min($TAPS, arrayLength(&windows)), 0u, none);
  for (var t = 0u; t < taps; t++) {
    let code = windows[row * $TAPS + t];
    if (code < 0) { continue; }
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
