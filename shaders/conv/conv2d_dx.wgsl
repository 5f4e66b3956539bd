// Data gradient of any conv on any adapter, as a gather: each thread computes 4 pixels of a row of dx times 2 vec4 of channels. The pixels
// are STRIDE apart, so that they use the same taps; taps that fall between pixels of dz are not visited.
// dz [N,OH,OW,CO4]; w transposed: [taps-1-tap][Cout][C4]. Bias and activation (finish) are a transposed conv's.
// Pixel, pixel, weighted: conv2d_strip.wgsl; finish: shaders/parts/epilogue.wgsl.

fn put(n: u32, iy: u32, ix: u32, c: u32, a: vec4f, b: vec4f) {
  if (ix >= $W) { return; }
  let to = ((n * $H + iy) * $W + ix) * $C4 + c;
  dx[to] = dx_t(finish(a, c));
  if (c + 1u < $C4) { dx[to + 1u] = dx_t(finish(b, c + 1u)); }
}

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let strips = (($W + $STRIDE - 1u) / $STRIDE + 3u) / 4u;
  let c = id.y * 2u;
  let second = min(c + 1u, $C4 - 1u);
  let strip = id.x + id.z * groups.x * 8u;
  let phase = (strip / strips) % $STRIDE;
  let iy = (strip / (strips * $STRIDE)) % $H;
  let n = strip / (strips * $STRIDE * $H);
  if (n >= $N || c >= $C4) { return; }
  let ix = phase + (strip % strips) * 4u * $STRIDE;
  // The sums: a for channels c, b for c + 1.
  var a0 = vec4f(0.0); var a1 = vec4f(0.0); var a2 = vec4f(0.0); var a3 = vec4f(0.0);
  var b0 = vec4f(0.0); var b1 = vec4f(0.0); var b2 = vec4f(0.0); var b3 = vec4f(0.0);
  // The taps that fall on pixels of dz: every STRIDE-th, starting at the remainder.
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
      let p0 = pixel(ox, row, $OW, $CO4);
      let p1 = pixel(ox + 1, row, $OW, $CO4);
      let p2 = pixel(ox + 2, row, $OW, $CO4);
      let p3 = pixel(ox + 3, row, $OW, $CO4);
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
        let v0 = vec4f(dz[p0.at + o]) * p0.inside;
        let v1 = vec4f(dz[p1.at + o]) * p1.inside;
        let v2 = vec4f(dz[p2.at + o]) * p2.inside;
        let v3 = vec4f(dz[p3.at + o]) * p3.inside;
        a0 += weighted(v0, w00, w10, w20, w30);
        b0 += weighted(v0, w01, w11, w21, w31);
        a1 += weighted(v1, w00, w10, w20, w30);
        b1 += weighted(v1, w01, w11, w21, w31);
        a2 += weighted(v2, w00, w10, w20, w30);
        b2 += weighted(v2, w01, w11, w21, w31);
        a3 += weighted(v3, w00, w10, w20, w30);
        b3 += weighted(v3, w01, w11, w21, w31);
        at += 4u * $C4;
      }
    }
  }
  put(n, iy, ix, c, a0, b0);
  put(n, iy, ix + $STRIDE, c, a1, b1);
  put(n, iy, ix + 2u * $STRIDE, c, a2, b2);
  put(n, iy, ix + 3u * $STRIDE, c, a3, b3);
}
