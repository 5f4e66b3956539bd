// Data gradient of any conv, as a gather: a thread makes PX pixels of a row of dx, STRIDE apart so that they meet the same taps, times
// 2 vec4 of channels. Taps that fall between results are not visited.
// dz [N,OH,OW,CO4]; w turned: [taps-1-tap][Cout][Cin/4]. Bias and activation are a transposed conv's.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let strips = (($W + $STRIDE - 1u) / $STRIDE + {{PX}}u - 1u) / {{PX}}u;
  let c = id.y * 2u;
  let second = min(c + 1u, $C4 - 1u);
  let at_row = id.x + id.z * $ROW;
  let phase = (at_row / strips) % $STRIDE;
  let iy = (at_row / (strips * $STRIDE)) % $H;
  let n = at_row / (strips * $STRIDE * $H);
  if (n >= $N || c >= $C4) { return; }
  let ix = phase + (at_row % strips) * {{PX}}u * $STRIDE;
{{declare}}
  // The taps that fall on results: every STRIDE-th, from the remainder on.
  let ky0 = (iy + $PAD) % $STRIDE;
  let kx0 = (ix + $PAD) % $STRIDE;
  let oy0 = i32((iy + $PAD) / $STRIDE);
  let ox0 = i32((ix + $PAD) / $STRIDE);
  for (var j = 0u; ky0 + j * $STRIDE < $KH; j++) {
    let ky = ky0 + j * $STRIDE;
    let oy = oy0 - i32(j);
    if (oy < 0 || oy >= i32($OH)) { continue; }
    let row = (n * $OH + u32(oy)) * $OW;
    for (var i = 0u; kx0 + i * $STRIDE < $KW; i++) {
      let kx = kx0 + i * $STRIDE;
      let ox = ox0 - i32(i);
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
{{store}}
}
