// A convolution or (constant `transposed`) its data gradient by subgroups, as a matrix product whose rows are never written to memory:
// each of the S lanes has its pixels of the result (ROWS / S of them), and a subgroup computes ROWS pixels times QUADS vec4 of channels.
// The weights of a step are loaded once, by the lanes together, and reach all lanes by broadcast. No workgroup memory, no barrier.
// x [N,H,W,C4], w [tap][Cin][Cout], y [N,OH,OW,CO4]. Transposed, x is dz and y is dx, and w is read as it lies; the pixels of a subgroup
// are STRIDE apart, so that they use the same taps.
// A pixel's terms of one row of taps lie in one row of x, at places that grow alike for all pixels. So a pixel has one number a row, and a
// term outside that row shows by being larger than the row: no pixel computes anything for a tap.
//
// TypeScript (kernels/conv/conv2d_subgroup.ts) gives S, ROWS, QUADS and the text of
//   `address`     declares r{i}: Pixel and o{i}: Origin of the lane's pixel i. Reads first, pixels, ph, pw, phase; calls pixel, origin
//   `declare`     declares s{i}_{n}: f32, the sum of pixel i and channel n
//   `lines`       declares p{i}: Line, what pixel i reads for the row ky of taps. Calls line
//   `accumulate`  adds the products of 4 channels of a tap. Reads p{i}, k, a{l}, at; changes s{i}_{n}; calls input, weight, product
//   `store`       stores the sums. Reads r{i}, first, pixels, col; calls put

enable subgroups;

// A pixel of y.
struct Pixel { n: u32, y: u32, x: u32 }

// What the first of its taps reads of x: row and column (either may lie outside).
struct Origin { y: i32, x: i32 }

// A row of x: the index of its first vec4, and which vec4 of the row the first tap reads. That is beyond the row's end if the row or the
// pixel lies outside; before its beginning counts as that.
struct Line { first: u32, at: u32 }

// Pixel `index` of `pixels`, or the last one: ph x pw of an image. Transposed they are those with the same remainder by the stride; with a
// list of tiles (shaders/parts/extent.wgsl) four are a tile's.
fn pixel(index: u32, pixels: u32, ph: u32, pw: u32, phase: vec2u) -> Pixel {
  let i = min(index, pixels - 1u);
#if listed
  let p = pixel_at(i, ph, pw);
  return Pixel(0u, p.y, p.x);
#else
#if transposed
  return Pixel(i / (pw * ph), ((i / pw) % ph) * $STRIDE + phase.y, (i % pw) * $STRIDE + phase.x);
#else
  return Pixel(i / (pw * ph), (i / pw) % ph, i % pw);
#endif
#endif
}

fn origin(p: Pixel) -> Origin {
#if transposed
  return Origin(i32((p.y + $PAD) / $STRIDE), i32((p.x + $PAD) / $STRIDE));
#else
  return Origin(i32(p.y * $STRIDE) - i32($PAD), i32(p.x * $STRIDE) - i32($PAD));
#endif
}

// For the t-th row of the taps.
fn line(n: u32, o: Origin, t: u32) -> Line {
#if transposed
  let y = o.y - i32(t);
#else
  let y = o.y + i32(t);
#endif
  let inside = y >= 0 && y < i32($H);
  return Line((n * $H + u32(clamp(y, 0, i32($H) - 1))) * $W * $C4, select(0x80000000u, u32(o.x * i32($C4)), inside));
}

// The vec4 `k` after (or, as a wrapped number, before) the first one.
fn input(p: Line, k: u32) -> vec4f {
  let at = p.at + k;
  let end = $W * $C4;
  return select(vec4f(0.0), vec4f(x[p.first + min(at, end - 1u)]), at < end);
}

// Where vec4 i of the 4 * QUADS that a step needs lies, before the tap's and the channels' share: 4 channels of x and QUADS vec4 of
// results; transposed, 4 * QUADS channels of dx.
fn place(i: u32, col: u32) -> u32 {
#if transposed
  return min(col * 4u + i, $CO4 * 4u - 1u) * $C4;
#else
  return (i / {{QUADS}}u) * $CO4 + min(col + i % {{QUADS}}u, $CO4 - 1u);
#endif
}

fn product(v: vec4f, w: vec4f) -> f32 { return v.x * w.x + v.y * w.y + v.z * w.z + v.w * w.w; }

fn put(inside: bool, p: Pixel, co: u32, sum: vec4f) {
  if (inside && p.y < $OH && p.x < $OW && co < $CO4) {
    y[((p.n * $OH + p.y) * $OW + p.x) * $CO4 + co] = y_t(finish_at(sum, p.n, p.y, p.x, co));
  }
}

@compute @workgroup_size({{S}}, 1, 1)
fn main(
  @builtin(workgroup_id) g: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
#if transposed
  // z: layers of the grid, and the remainders of y and x by the stride.
  let layer = g.z / ($STRIDE * $STRIDE);
  let phase = vec2u(g.z % $STRIDE, (g.z / $STRIDE) % $STRIDE);
  let ph = ($OH + $STRIDE - 1u) / $STRIDE;
  let pw = ($OW + $STRIDE - 1u) / $STRIDE;
  // The taps that fall on pixels of dz: every STRIDE-th, from these on.
  let ky0 = (phase.y + $PAD) % $STRIDE;
  let kx0 = (phase.x + $PAD) % $STRIDE;
#else
  let layer = g.z;
  let phase = vec2u(0u);
  let ph = $OH;
  let pw = $OW;
#endif
  // Columns of a row of tiles first: its pixels stay in the cache.
  let first = (g.y + layer * groups.y) * {{ROWS}}u + lane;
  let col = g.x * {{QUADS}}u;
#if listed
  let pixels = 4u * part_count((ph + 1u) / 2u * ((pw + 1u) / 2u));
#else
  let pixels = $N * ph * pw;
#endif
{{places}}
{{address}}
{{declare}}
#if transposed
  for (var ky = ky0; ky < $KH; ky += $STRIDE) {
    let t = ky / $STRIDE;
{{lines}}
    var left = 0u;
    for (var kx = kx0; kx < $KW; kx += $STRIDE) {
      var at = (ky * $KW + kx) * $CO4 * 4u * $C4;
      for (var c = 0u; c < $C4; c++) {
        let k = c - left;
{{accumulate}}
        at++;
      }
      left += $C4;
    }
  }
#else
  // The terms of a row of taps follow each other, in x and in w.
  for (var ky = 0u; ky < $KH; ky++) {
{{lines}}
    var at = ky * $KW * $C4 * 4u * $CO4;
    for (var k = 0u; k < $KW * $C4; k++) {
{{accumulate}}
      at += 4u * $CO4;
    }
  }
#endif
{{store}}
}
