// A thread owns one tap and one vec4 of outputs over one slice of output pixels: its rows of `slices`, one a label, set to zero first,
// then added to in the order of the pixels. A label's sum stays in a register while the label stays, as it does along a line of a map.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let co = id.x % $CO4;
  let tap = (id.x / $CO4) % ($K * $K);
  let slice = id.x / ($CO4 * $K * $K);
  if (slice >= $SLICES) { return; }
  let base = (slice * $K * $K + tap) * $S;
  let rows = min($S, arrayLength(&slices));
  for (var r = 0u; r < rows; r++) { slices[(base + r) * $CO4 + co] = vec4f(0.0); }
  let dy_off = i32(tap / $K) - i32($PAD);
  let dx_off = i32(tap % $K) - i32($PAD);
  var last = -1;
  var sum = vec4f(0.0);
  var edges = vec4f(0.0);
  let end = min((slice + 1u) * $LEN, $PIXELS);
  for (var p = slice * $LEN; p < end; p++) {
    var iy = i32((p / $OW) % $OH * $STRIDE) + dy_off;
    var ix = i32(p % $OW * $STRIDE) + dx_off;
#if mirror
    iy = i32($H) - 1 - abs(i32($H) - 1 - abs(iy));
    ix = i32($W) - 1 - abs(i32($W) - 1 - abs(ix));
#else
    if (iy < 0 || iy >= i32($H) || ix < 0 || ix >= i32($W)) { continue; }
#endif
    let code = codes[(p / ($OW * $OH) * $H + u32(iy)) * $W + u32(ix)];
    let d = vec4f(dy[p * $CO4 + co]);
    let label = code >> 1u;
    if (label != last) {
      if (last >= 0) { slices[(base + u32(last)) * $CO4 + co] += sum; }
      last = label;
      sum = vec4f(0.0);
    }
    sum += d;
#if edge
    if ((code & 1) == 1) { edges += d; }
#endif
  }
  if (last >= 0) { slices[(base + u32(last)) * $CO4 + co] += sum; }
#if edge
  slices[(base + $EDGE) * $CO4 + co] = edges;
#endif
}
