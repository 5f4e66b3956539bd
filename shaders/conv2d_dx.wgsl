// Data gradient of any conv, as a gather: a thread makes PX pixels of a row of dx, STRIDE apart so that they meet the same taps, times
// 2 vec4 of channels. Taps whose step does not fall on a result are skipped, not multiplied by zero.
// dz [N,OH,OW,CO4]; w turned: [taps-1-tap][Cout][Cin/4].

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let strips = (($W + $STRIDE - 1u) / $STRIDE + {{PX}}u - 1u) / {{PX}}u;
  let c = id.y * 2u;
  let second = min(c + 1u, $C4 - 1u);
  let phase = (id.x / strips) % $STRIDE;
  let iy = (id.x / (strips * $STRIDE)) % $H;
  let n = id.x / (strips * $STRIDE * $H);
  if (n >= $N || c >= $C4) { return; }
  let ix = phase + (id.x % strips) * {{PX}}u * $STRIDE;
{{declare}}
  for (var ky = 0u; ky < $KH; ky++) {
    let ty = i32(iy + $PAD) - i32(ky);
    let oy = ty / i32($STRIDE);
    if (ty < 0 || oy * i32($STRIDE) != ty || oy >= i32($OH)) { continue; }
    let row = (n * $OH + u32(oy)) * $OW;
    for (var kx = 0u; kx < $KW; kx++) {
      let tx = i32(ix + $PAD) - i32(kx);
      let ox = tx / i32($STRIDE);
      if (ox * i32($STRIDE) != tx) { continue; }
{{taps}}
      var at = ($KH * $KW - 1u - ky * $KW - kx) * $CO4 * 4u * $C4;
      for (var o = 0u; o < $CO4; o++) {
        let w00 = vec4f(w[at + c]);
        let w01 = vec4f(w[at + second]);
        let w10 = vec4f(w[at + $C4 + c]);
        let w11 = vec4f(w[at + $C4 + second]);
        let w20 = vec4f(w[at + 2u * $C4 + c]);
        let w21 = vec4f(w[at + 2u * $C4 + second]);
        let w30 = vec4f(w[at + 3u * $C4 + c]);
        let w31 = vec4f(w[at + 3u * $C4 + second]);
{{accumulate}}
        at += 4u * $C4;
      }
    }
  }
#if sigma
  let scale = 1.0 / f32(sigma[0].x);
#else
  let scale = 1.0;
#endif
{{store}}
}
