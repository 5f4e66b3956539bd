// Appended to conv2d_direct and conv2d_dx, whose threads compute a strip of 4 pixels of a row of y times 2 vec4 of channels.
// x [N,H,W,C4] vec4 over channels; w [tap][C4 * 4][CO4] vec4 over y's channels; y [N,OH,OW,CO4].
// finish_at: shaders/parts/epilogue_residual.wgsl.

// A pixel to read: the index of its first vec4 in x (of the nearest pixel, if it lies outside the row), and whether it counts, 1 or 0.
struct Pixel { at: u32, inside: f32 }

// row: pixels of x before the row.
fn pixel(ix: i32, row: u32) -> Pixel {
  return Pixel((row + u32(clamp(ix, 0, i32($W) - 1))) * $C4, f32(ix >= 0 && ix < i32($W)));
}

// Four channels of a pixel times their weights for one vec4 of results.
fn weighted(v: vec4f, w0: vec4f, w1: vec4f, w2: vec4f, w3: vec4f) -> vec4f {
  return v.x * w0 + v.y * w1 + v.z * w2 + v.w * w3;
}

// Sums of the four pixels: a of the vec4 co, b of the vec4 co + 1.
struct Sums { a0: vec4f, a1: vec4f, a2: vec4f, a3: vec4f, b0: vec4f, b1: vec4f, b2: vec4f, b3: vec4f }

// Adds one tap of w, for which the four pixels read p0 to p3.
fn add_tap(s: ptr<function, Sums>, tap: u32, co: u32, p0: Pixel, p1: Pixel, p2: Pixel, p3: Pixel) {
  let second = min(co + 1u, $CO4 - 1u);
  var at = tap * $C4 * 4u * $CO4;
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
    (*s).a0 += weighted(v0, w00, w10, w20, w30);
    (*s).b0 += weighted(v0, w01, w11, w21, w31);
    (*s).a1 += weighted(v1, w00, w10, w20, w30);
    (*s).b1 += weighted(v1, w01, w11, w21, w31);
    (*s).a2 += weighted(v2, w00, w10, w20, w30);
    (*s).b2 += weighted(v2, w01, w11, w21, w31);
    (*s).a3 += weighted(v3, w00, w10, w20, w30);
    (*s).b3 += weighted(v3, w01, w11, w21, w31);
    at += 4u * $CO4;
  }
}

// Stores the two vec4 of one pixel.
fn put(n: u32, oy: u32, ox: u32, co: u32, a: vec4f, b: vec4f) {
  if (ox >= $OW) { return; }
  let o = ((n * $OH + oy) * $OW + ox) * $CO4 + co;
  y[o] = y_t(finish_at(a, n, oy, ox, co));
  if (co + 1u < $CO4) { y[o + 1u] = y_t(finish_at(b, n, oy, ox, co + 1u)); }
}
