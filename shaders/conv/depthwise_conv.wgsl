// Depthwise convolution: each thread computes one vec4 of channels of one pixel. x [N,H,W,C4], w [tap][C4], y [N,OH,OW,C4].
// PLACES: pixels of y. finish: shaders/parts/epilogue.wgsl.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let p = {{row}};
  if (c >= $C4 || p >= $PLACES) { return; }
  let top = i32((p / $OW) % $OH * $STRIDE) - i32($TOP);
  let left = i32(p % $OW * $STRIDE) - i32($LEFT);
  let image = p / ($OW * $OH) * $H;
  var s = vec4f(0.0);
  for (var ky = 0u; ky < $KH; ky++) {
    let iy = top + i32(ky * $DILATION);
    if (iy < 0 || iy >= i32($H)) { continue; }
    for (var kx = 0u; kx < $KW; kx++) {
      let ix = left + i32(kx * $DILATION);
      if (ix < 0 || ix >= i32($W)) { continue; }
      s += vec4f(x[((image + u32(iy)) * $W + u32(ix)) * $C4 + c]) * vec4f(w[(ky * $KW + kx) * $C4 + c]);
    }
  }
  y[p * $C4 + c] = y_t(finish(s, c));
}
