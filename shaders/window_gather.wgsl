// A thread makes one vec4 of outputs of one window. Lanes lie over channels: the lanes of a window read one code and one run of a row.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let co = id.x;
  let row = id.y + id.z * $YSPAN;
  if (co >= $CO4 || row >= $ROWS) { return; }
  if (windows[row * $TAPS] == -2) {
    y[row * $CO4 + co] = y_t(vec4f(0.0));
    return;
  }
  var s = vec4f(bias[co]);
  // A bound that the compiler can't see: unrolled, 25 taps took lavapipe 5 s to compile.
  let taps = min($TAPS, arrayLength(&windows));
  for (var t = 0u; t < taps; t++) {
    let code = windows[row * $TAPS + t];
    if (code < 0) { continue; }
    s += vec4f(w[(t * $S + u32(code >> 1u)) * $CO4 + co]);
#if edge
    if ((code & 1) == 1) { s += vec4f(w[(t * $S + $EDGE) * $CO4 + co]); }
#endif
  }
#if relu
  s = max(s, vec4f(0.0));
#endif
  y[row * $CO4 + co] = y_t(s);
}
