// conv2d on any adapter: each thread computes 4 pixels of a row times 2 vec4 of output channels in registers. No workgroup memory, no
// barrier. Layouts, Pixel, pixel, Sums, add_tap, put: conv2d_strip.wgsl.

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
  var s = Sums();
  for (var ky = 0u; ky < $KH; ky++) {
    let iy = i32(oy * $STRIDE + ky) - i32($PAD);
    if (iy < 0 || iy >= i32($H)) { continue; }
    let row = (n * $H + u32(iy)) * $W;
    for (var kx = 0u; kx < $KW; kx++) {
      let ix = i32(ox * $STRIDE + kx) - i32($PAD);
      let p0 = pixel(ix, row);
      let p1 = pixel(ix + i32($STRIDE), row);
      let p2 = pixel(ix + i32(2u * $STRIDE), row);
      let p3 = pixel(ix + i32(3u * $STRIDE), row);
      add_tap(&s, ky * $KW + kx, co, p0, p1, p2, p3);
    }
  }
  put(n, oy, ox, co, s.a0, s.b0);
  put(n, oy, ox + 1u, co, s.a1, s.b1);
  put(n, oy, ox + 2u, co, s.a2, s.b2);
  put(n, oy, ox + 3u, co, s.a3, s.b3);
}
