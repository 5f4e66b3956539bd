// Each thread computes one vec4 of outputs of one pixel. Constants: `mirror`, taps outside the picture read its mirror image
// (reflect_pad_index.wgsl); else they add nothing. `edge`: there is an edge channel. finish: shaders/parts/epilogue.wgsl.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let co = {{column}};
  let p = {{row}};
  if (co >= $CO4 || p >= $PIXELS) { return; }
  let ox = p % $OW;
  let oy = (p / $OW) % $OH;
  let n = p / ($OW * $OH);
  var s = vec4f(0.0);
  // K, with a bound that the compiler does not know: unrolled loops over taps take lavapipe seconds to compile.
  let k = min($K, arrayLength(&codes));
  for (var ky = 0u; ky < k; ky++) {
    var iy = i32(oy * $STRIDE + ky) - i32($PAD);
#if mirror
    iy = mirrored(iy, $H);
#else
    if (iy < 0 || iy >= i32($H)) { continue; }
#endif
    for (var kx = 0u; kx < k; kx++) {
      var ix = i32(ox * $STRIDE + kx) - i32($PAD);
#if mirror
      ix = mirrored(ix, $W);
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
  y[p * $CO4 + co] = y_t(finish(s, co));
}
