// A convolution, or (`transposed`) its data gradient, as a matrix product whose rows are never written down: lane = pixel of the result,
// {{ROWS}} pixels x {{QUADS}} vec4 of channels a subgroup. A step's weights are loaded once by the lanes together and handed round by
// broadcast. No workgroup memory, no barrier.
// x [N,H,W,C4], w [tap][Cin][Cout/4], y [N,OH,OW,CO4]. Transposed, y and w change roles: x is dz, and the pixels of a subgroup are STRIDE
// apart, so that they meet the same taps; w is read as it lies.

enable subgroups;

@compute @workgroup_size({{S}}, 1, 1)
fn main(@builtin(workgroup_id) g: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
#if transposed
  let phase = g.z % ($STRIDE * $STRIDE);
  let layer = g.z / ($STRIDE * $STRIDE);
#else
  let layer = g.z;
#endif
  let first = (g.x + layer * $ROW) * {{ROWS}}u + lane;
  let col = g.y * {{QUADS}}u;
#if transposed
  // The pixels of one remainder by STRIDE, and the taps that fall on results.
  let ph = ($OH + $STRIDE - 1u) / $STRIDE;
  let pw = ($OW + $STRIDE - 1u) / $STRIDE;
  let fy = phase / $STRIDE;
  let fx = phase % $STRIDE;
  let ky0 = (fy + $PAD) % $STRIDE;
  let kx0 = (fx + $PAD) % $STRIDE;
#else
  let ph = $OH;
  let pw = $OW;
#endif
  let pixels = $N * ph * pw;
{{address}}
{{declare}}
#if transposed
  for (var ky = ky0; ky < $KH; ky += $STRIDE) {
    for (var kx = kx0; kx < $KW; kx += $STRIDE) {
#else
  for (var ky = 0u; ky < $KH; ky++) {
    for (var kx = 0u; kx < $KW; kx++) {
#endif
{{taps}}
      let tap = ky * $KW + kx;
      for (var c = 0u; c < $C4; c++) {
{{accumulate}}
      }
    }
  }
{{store}}
}
