// conv2d on any adapter: each thread computes 4 pixels of a row times 2 vec4 of output channels in registers. No workgroup memory, no
// barrier. x [N,H,W,C4] vec4 over channels; w [tap][Cin][CO4] vec4 over output channels.
// Pixel, pixel, weighted: conv2d_strip.wgsl; finish_at: shaders/parts/epilogue_residual.wgsl.

fn put(n: u32, oy: u32, ox: u32, co: u32, a: vec4f, b: vec4f) {
  if (ox >= $OW) { return; }
  let o = ((n * $OH + oy) * $OW + ox) * $CO4 + co;
  y[o] = y_t(finish_at(a, n, oy, ox, co));
  if (co + 1u < $CO4) { y[o + 1u] = y_t(finish_at(b, n, oy, ox, co + 1u)); }
}

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let strips = ($OW + 3u) / 4u;
  let co = id.y * 2u;
  let strip = id.x + id.z * groups.x * 8u;
  let n = strip / (strips * $OH);
  if (n >= $N || co >= $CO4) { return; }
  let rest = strip % (strips * $OH);
  let oy = rest / strips;
  let ox = (rest % strips) * 4u;
  let second = min(co + 1u, $CO4 - 1u);
  // The sums: a for channels co, b for co + 1.
  var a0 = vec4f(0.0); var a1 = vec4f(0.0); var a2 = vec4f(0.0); var a3 = vec4f(0.0);
  var b0 = vec4f(0.0); var b1 = vec4f(0.0); var b2 = vec4f(0.0); var b3 = vec4f(0.0);
  for (var ky = 0u; ky < $KH; ky++) {
    let iy = i32(oy * $STRIDE + ky) - i32($PAD);
    if (iy < 0 || iy >= i32($H)) { continue; }
    let row = (n * $H + u32(iy)) * $W;
    for (var kx = 0u; kx < $KW; kx++) {
      let ix = i32(ox * $STRIDE + kx) - i32($PAD);
      let p0 = pixel(ix, row, $W, $C4);
      let p1 = pixel(ix + i32($STRIDE), row, $W, $C4);
      let p2 = pixel(ix + i32(2u * $STRIDE), row, $W, $C4);
      let p3 = pixel(ix + i32(3u * $STRIDE), row, $W, $C4);
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
        let v0 = vec4f(x[p0.at + c]) * p0.inside;
        let v1 = vec4f(x[p1.at + c]) * p1.inside;
        let v2 = vec4f(x[p2.at + c]) * p2.inside;
        let v3 = vec4f(x[p3.at + c]) * p3.inside;
        a0 += weighted(v0, w00, w10, w20, w30);
        b0 += weighted(v0, w01, w11, w21, w31);
        a1 += weighted(v1, w00, w10, w20, w30);
        b1 += weighted(v1, w01, w11, w21, w31);
        a2 += weighted(v2, w00, w10, w20, w30);
        b2 += weighted(v2, w01, w11, w21, w31);
        a3 += weighted(v3, w00, w10, w20, w30);
        b3 += weighted(v3, w01, w11, w21, w31);
        at += 4u * $CO4;
      }
    }
  }
  put(n, oy, ox, co, a0, b0);
  put(n, oy, ox + 1u, co, a1, b1);
  put(n, oy, ox + 2u, co, a2, b2);
  put(n, oy, ox + 3u, co, a3, b3);
}
