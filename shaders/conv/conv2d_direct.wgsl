// A thread makes PX pixels of a row times 2 vec4 of output channels, in registers: no workgroup memory, no barrier.
// x [N,H,W,C4] vec4 over channels; w [tap][Cin][Cout/4] vec4 over output channels.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let strips = ($OW + {{PX}}u - 1u) / {{PX}}u;
  let co = id.y * 2u;
  let at_row = id.x + id.z * $ROW;
  let n = at_row / (strips * $OH);
  if (n >= $N || co >= $CO4) { return; }
  let rest = at_row % (strips * $OH);
  let oy = rest / strips;
  let ox = (rest % strips) * {{PX}}u;
  let second = min(co + 1u, $CO4 - 1u);
{{declare}}
  for (var ky = 0u; ky < $KH; ky++) {
    let iy = i32(oy * $STRIDE + ky) - i32($PAD);
    if (iy < 0 || iy >= i32($H)) { continue; }
    let row = (n * $H + u32(iy)) * $W;
    for (var kx = 0u; kx < $KW; kx++) {
      let ix = i32(ox * $STRIDE + kx) - i32($PAD);
{{taps}}
      var at = ((ky * $KW + kx) * $C4 * 4u) * $CO4;
      for (var c = 0u; c < $C4; c++) {
        let w00 = vec4f(w[at + co]);
        let w01 = vec4f(w[at + second]);
        let w10 = vec4f(w[at + $CO4 + co]);
        let w11 = vec4f(w[at + $CO4 + second]);
        let w20 = vec4f(w[at + 2u * $CO4 + co]);
        let w21 = vec4f(w[at + 2u * $CO4 + second]);
        let w30 = vec4f(w[at + 3u * $CO4 + co]);
        let w31 = vec4f(w[at + 3u * $CO4 + second]);
{{accumulate}}
        at += 4u * $CO4;
      }
    }
  }
{{store}}
}
