// Each thread has one tap, one vec4 of outputs and one slice of output pixels. It sets its rows of `slices` (one for each label) to
// zero, then adds to them in the order of the pixels. While the label stays the same, as along a line of a map, its sum is kept in a
// register. Constants as in label_conv.wgsl.

const NO_LABEL = -1;

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let co = id.x % $CO4;
  let tap = (id.x / $CO4) % ($K * $K);
  let slice = id.x / ($CO4 * $K * $K);
  if (slice >= $SLICES) { return; }
  let base = (slice * $K * $K + tap) * $S;
  // S, with a bound that the compiler does not know, so that it does not unroll the loop.
  let rows = min($S, arrayLength(&slices));
  for (var r = 0u; r < rows; r++) { slices[(base + r) * $CO4 + co] = vec4f(0.0); }
  let dy_off = i32(tap / $K) - i32($PAD);
  let dx_off = i32(tap % $K) - i32($PAD);
  var last = NO_LABEL;
  var sum = vec4f(0.0);
  var edges = vec4f(0.0);
  let end = min((slice + 1u) * $LEN, $PIXELS);
  for (var p = slice * $LEN; p < end; p++) {
    var iy = i32((p / $OW) % $OH * $STRIDE) + dy_off;
    var ix = i32(p % $OW * $STRIDE) + dx_off;
#if mirror
    iy = mirrored(iy, $H);
    ix = mirrored(ix, $W);
#else
    if (iy < 0 || iy >= i32($H) || ix < 0 || ix >= i32($W)) { continue; }
#endif
    let code = codes[(p / ($OW * $OH) * $H + u32(iy)) * $W + u32(ix)];
    let d = vec4f(dy[p * $CO4 + co]);
    let label = code >> 1u;
    if (label != last) {
      if (last != NO_LABEL) { slices[(base + u32(last)) * $CO4 + co] += sum; }
      last = label;
      sum = vec4f(0.0);
    }
    sum += d;
#if edge
    if ((code & 1) == 1) { edges += d; }
#endif
  }
  if (last != NO_LABEL) { slices[(base + u32(last)) * $CO4 + co] += sum; }
#if edge
  slices[(base + $EDGE) * $CO4 + co] = edges;
#endif
}
