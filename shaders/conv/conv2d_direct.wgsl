// conv2d on any adapter: each thread computes 4 pixels of a row times 2 vec4 of output channels in registers. No workgroup memory, no
// barrier. With a list (shaders/parts/extent.wgsl) the 4 pixels are those of a 2x2 tile. Layouts, Pixel, pixel, Sums, add_tap, put: conv2d_strip.wgsl.

#if listed
// A pixel of the one picture, inside or not.
fn pixel_of(iy: i32, ix: i32) -> Pixel {
  let p = pixel(ix, u32(clamp(iy, 0, i32($H) - 1)) * $W);
  return Pixel(p.at, select(0.0, p.inside, iy >= 0 && iy < i32($H)));
}
#endif

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
#if listed
  let wide = ($OW + 1u) / 2u;
  let end = ($OH + 1u) / 2u * wide;
  let co = id.y * 2u;
  let tile = part_at(id.x + id.z * groups.x * 8u, end);
  if (tile >= end || co >= $CO4) { return; }
  let oy = tile / wide * 2u;
  let ox = tile % wide * 2u;
  var s = Sums();
  for (var ky = 0u; ky < $KH; ky++) {
    let iy = i32(oy + ky) - i32($PAD);
    for (var kx = 0u; kx < $KW; kx++) {
      let ix = i32(ox + kx) - i32($PAD);
      let p0 = pixel_of(iy, ix);
      let p1 = pixel_of(iy, ix + 1);
      let p2 = pixel_of(iy + 1, ix);
      let p3 = pixel_of(iy + 1, ix + 1);
      add_tap(&s, ky * $KW + kx, co, p0, p1, p2, p3);
    }
  }
  put(0u, oy, ox, co, s.a0, s.b0);
  put(0u, oy, ox + 1u, co, s.a1, s.b1);
  if (oy + 1u >= $OH) { return; }
  put(0u, oy + 1u, ox, co, s.a2, s.b2);
  put(0u, oy + 1u, ox + 1u, co, s.a3, s.b3);
#else
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
#endif
}
