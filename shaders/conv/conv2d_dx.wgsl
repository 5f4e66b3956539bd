// Data gradient of any conv on any adapter, as a gather: each thread computes 4 pixels of a row of dx times 2 vec4 of channels. The
// pixels are STRIDE apart, so that they use the same taps; taps that fall between pixels of dz are not visited.
// Here x is dz, y is dx, and w is turned: [taps-1-tap][Cout][Cin/4]. Layouts, Pixel, pixel, Sums, add_tap, put: conv2d_strip.wgsl.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let strips = (($OW + $STRIDE - 1u) / $STRIDE + 3u) / 4u;
  let co = id.y * 2u;
  let strip = id.x + id.z * groups.x * 8u;
  let phase = (strip / strips) % $STRIDE;
  let oy = (strip / (strips * $STRIDE)) % $OH;
  let n = strip / (strips * $STRIDE * $OH);
  if (n >= $N || co >= $CO4) { return; }
  let ox = phase + (strip % strips) * 4u * $STRIDE;
  var s = Sums();
  // The taps that fall on pixels of dz: every STRIDE-th, starting at the remainder.
  let ky0 = (oy + $PAD) % $STRIDE;
  let kx0 = (ox + $PAD) % $STRIDE;
  let iy0 = i32((oy + $PAD) / $STRIDE);
  let ix0 = i32((ox + $PAD) / $STRIDE);
  for (var j = 0u; ky0 + j * $STRIDE < $KH; j++) {
    let ky = ky0 + j * $STRIDE;
    let iy = iy0 - i32(j);
    if (iy < 0 || iy >= i32($H)) { continue; }
    let row = (n * $H + u32(iy)) * $W;
    for (var i = 0u; kx0 + i * $STRIDE < $KW; i++) {
      let kx = kx0 + i * $STRIDE;
      let ix = ix0 - i32(i);
      add_tap(&s, $KH * $KW - 1u - ky * $KW - kx, co, pixel(ix, row), pixel(ix + 1, row), pixel(ix + 2, row), pixel(ix + 3, row));
    }
  }
  put(n, oy, ox, co, s.a0, s.b0);
  put(n, oy, ox + $STRIDE, co, s.a1, s.b1);
  put(n, oy, ox + 2u * $STRIDE, co, s.a2, s.b2);
  put(n, oy, ox + 3u * $STRIDE, co, s.a3, s.b3);
}
