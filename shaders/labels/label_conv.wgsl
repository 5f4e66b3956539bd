// A thread makes one vec4 of outputs of one pixel. Lanes lie over channels: the lanes of a pixel read one code and one run of a row.
// Beyond the picture there is nothing, or its mirror image.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let co = id.x;
  let p = id.y + id.z * $YSPAN;
  if (co >= $CO4 || p >= $PIXELS) { return; }
  let ox = p % $OW;
  let oy = (p / $OW) % $OH;
  let n = p / ($OW * $OH);
  var s = vec4f(0.0);
  // A bound that the compiler can't see: unrolled, loops over taps take lavapipe seconds to compile.
  let k = min($K, arrayLength(&codes));
  for (var ky = 0u; ky < k; ky++) {
    var iy = i32(oy * $STRIDE + ky) - i32($PAD);
#if mirror
    iy = i32($H) - 1 - abs(i32($H) - 1 - abs(iy));
#else
    if (iy < 0 || iy >= i32($H)) { continue; }
#endif
    for (var kx = 0u; kx < k; kx++) {
      var ix = i32(ox * $STRIDE + kx) - i32($PAD);
#if mirror
      ix = i32($W) - 1 - abs(i32($W) - 1 - abs(ix));
#else
      if (ix < 0 || ix >= i32($W)) { continue; }
#endif
      let code = codes[(n * $H + u32(iy)) * $W + u32(ix)];
      let row = (ky * $K + kx) * $S;
      s += vec4f(w[(row + u32(code >> 1u)) * $CO4 + co]);
#if edge
      if ((code & 1) == 1) { s += vec4f(w[(row + $EDGE) * $CO4 + co]); }
#endif
    }
  }
#if sigma
  s = s / f32(sigma[0].x);
#endif
#if bias
  s = s + vec4f(bias[co]);
#endif
  y[p * $CO4 + co] = y_t(s);
}
