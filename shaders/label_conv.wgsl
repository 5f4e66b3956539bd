// A thread makes one vec4 of outputs of one pixel. Lanes lie over channels: the lanes of a pixel read one code and one run of a row.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let co = id.x;
  let p = id.y + id.z * $YSPAN;
  if (co >= $CO4 || p >= $PIXELS) { return; }
  let ox = p % $OW;
  let oy = (p / $OW) % $OH;
  let n = p / ($OW * $OH);
  var s = vec4f(bias[co]);
  // A bound that the compiler can't see: unrolled, loops over taps take lavapipe seconds to compile.
  let k = min($K, arrayLength(&codes));
  for (var ky = 0u; ky < k; ky++) {
    let iy = i32(oy * $STRIDE + ky) - i32($PAD);
    if (iy < 0 || iy >= i32($H)) { continue; }
    for (var kx = 0u; kx < k; kx++) {
      let ix = i32(ox * $STRIDE + kx) - i32($PAD);
      if (ix < 0 || ix >= i32($W)) { continue; }
      let code = codes[(n * $H + u32(iy)) * $W + u32(ix)];
      let row = (ky * $K + kx) * $S;
      s += vec4f(w[(row + u32(code >> 1u)) * $CO4 + co]);
#if edge
      if ((code & 1) == 1) { s += vec4f(w[(row + $EDGE) * $CO4 + co]); }
#endif
    }
  }
  y[p * $CO4 + co] = y_t(s);
}
