// Appended to conv2d_direct and conv2d_dx, whose threads compute 4 pixels of a row times 2 vec4 of channels.

// A pixel to read: the index of its first vec4 (of the nearest pixel, if x lies outside the row), and whether it counts, 1 or 0.
struct Pixel { at: u32, inside: f32 }

// row: pixels before the row; width: its length; c4: vec4s of a pixel.
fn pixel(x: i32, row: u32, width: u32, c4: u32) -> Pixel {
  return Pixel((row + u32(clamp(x, 0, i32(width) - 1))) * c4, f32(x >= 0 && x < i32(width)));
}

// Four channels of a pixel times their weights for one vec4 of results.
fn weighted(v: vec4f, w0: vec4f, w1: vec4f, w2: vec4f, w3: vec4f) -> vec4f {
  return v.x * w0 + v.y * w1 + v.z * w2 + v.w * w3;
}
