// conv2d on any adapter: each thread computes 4 pixels of a row times 2 vec4 of output channels in registers. No workgroup memory, no
// barrier. With a list (shaders/parts/extent.wgsl) the 4 pixels are those of a 2x2 tile. Layouts, Pixel, pixel, Sums, add_tap, put: conv2d_strip.wgsl.

// The pixel of x that a tap reads, inside or not. row: rows of x before the picture's.
fn pixel_of(row: u32, iy: i32, ix: i32) -> Pixel {
  let p = pixel(ix, (row + u32(clamp(iy, 0, i32($H) - 1))) * $W);
  return Pixel(p.at, select(0.0, p.inside, iy >= 0 && iy < i32($H)));
}

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let co = id.y * 2u;
  let part = id.x + id.z * groups.x * 8u;
  // From each of the four pixels to the next: along the row, or along both rows of the tile.
#if listed
  let p = pixel_at(4u * part, $OH, $OW);
  if (p.y >= $OH || co >= $CO4) { return; }
  let n = 0u;
  let oy = p.y;
  let ox = p.x;
  let down = 1u;
  let right = 0u;
#else
  let strips = ($OW + 3u) / 4u;
  let n = part / (strips * $OH);
  if (n >= $N || co >= $CO4) { return; }
  let rest = part % (strips * $OH);
  let oy = rest / strips;
  let ox = (rest % strips) * 4u;
  let down = 0u;
  let right = 2u;
#endif
  var s = Sums();
  for (var ky = 0u; ky < $KH; ky++) {
    let iy = i32(oy * $STRIDE + ky) - i32($PAD);
    let below = iy + i32(down * $STRIDE);
    for (var kx = 0u; kx < $KW; kx++) {
      let ix = i32(ox * $STRIDE + kx) - i32($PAD);
      let p0 = pixel_of(n * $H, iy, ix);
      let p1 = pixel_of(n * $H, iy, ix + i32($STRIDE));
      let p2 = pixel_of(n * $H, below, ix + i32(right * $STRIDE));
      let p3 = pixel_of(n * $H, below, ix + i32((right + 1u) * $STRIDE));
      add_tap(&s, ky * $KW + kx, co, p0, p1, p2, p3);
    }
  }
  put(n, oy, ox, co, s.a0, s.b0);
  put(n, oy, ox + 1u, co, s.a1, s.b1);
  if (oy + down >= $OH) { return; }
  put(n, oy + down, ox + right, co, s.a2, s.b2);
  put(n, oy + down, ox + right + 1u, co, s.a3, s.b3);
}
