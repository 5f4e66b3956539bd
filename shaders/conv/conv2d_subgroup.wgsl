// A convolution or (constant `transposed`) its data gradient by subgroups, as a matrix product whose rows are never written to memory:
// each of the S lanes has its pixels of the result (ROWS / S of them), and a subgroup computes ROWS pixels times QUADS vec4 of channels.
// The weights of a step are loaded once, by the lanes together, and reach all lanes by broadcast. No workgroup memory, no barrier.
// x [N,H,W,C4], w [tap][Cin][Cout], y [N,OH,OW,CO4]. Transposed, x is dz and y is dx, and w is read as it lies; the pixels of a subgroup
// are STRIDE apart, so that they use the same taps.
//
// TypeScript (kernels/conv/conv2d_subgroup.ts) gives S, ROWS, QUADS and the text of
//   `address`     declares r{i}: Pixel and o{i}: Origin of the lane's pixel i. Reads first, pixels, ph, pw, phase; calls pixel, origin
//   `declare`     declares s{i}_{n}: f32, the sum of pixel i and channel n
//   `taps`        declares p{i}: Source, what pixel i reads for the tap (ky, kx). Calls source
//   `accumulate`  adds the products of 4 channels c of a tap. Reads p{i}, lane, tap, c, col; changes s{i}_{n}; calls input, weight, product
//   `store`       stores the sums. Reads r{i}, first, pixels, col; calls put

enable subgroups;

// A pixel of y.
struct Pixel { n: u32, y: u32, x: u32 }

// What the tap (0, 0) of a pixel reads of x; transposed, before the division by the stride.
struct Origin { y: i32, x: i32 }

// The index of a pixel's first vec4 in x (of the nearest pixel, if it lies outside), and whether it lies inside.
struct Source { at: u32, inside: bool }

// Pixel `index` of `pixels`, or the last one: ph x pw of an image. Transposed they are those with the same remainder by the stride.
fn pixel(index: u32, pixels: u32, ph: u32, pw: u32, phase: vec2u) -> Pixel {
  let i = min(index, pixels - 1u);
#if transposed
  return Pixel(i / (pw * ph), ((i / pw) % ph) * $STRIDE + phase.y, (i % pw) * $STRIDE + phase.x);
#else
  return Pixel(i / (pw * ph), (i / pw) % ph, i % pw);
#endif
}

fn origin(p: Pixel) -> Origin {
#if transposed
  return Origin(i32(p.y + $PAD), i32(p.x + $PAD));
#else
  return Origin(i32(p.y * $STRIDE) - i32($PAD), i32(p.x * $STRIDE) - i32($PAD));
#endif
}

fn source(n: u32, o: Origin, ky: u32, kx: u32) -> Source {
#if transposed
  let y = (o.y - i32(ky)) / i32($STRIDE);
  let x = (o.x - i32(kx)) / i32($STRIDE);
#else
  let y = o.y + i32(ky);
  let x = o.x + i32(kx);
#endif
  let inside = y >= 0 && y < i32($H) && x >= 0 && x < i32($W);
  return Source(((n * $H + u32(clamp(y, 0, i32($H) - 1))) * $W + u32(clamp(x, 0, i32($W) - 1))) * $C4, inside);
}

fn input(p: Source, c: u32) -> vec4f { return select(vec4f(0.0), vec4f(x[p.at + c]), p.inside); }

// Vec4 i of the 4 * QUADS that a step needs: of 4 channels of x and QUADS vec4 of results; transposed, of 4 * QUADS channels of dx.
fn weight(i: u32, tap: u32, c: u32, col: u32) -> vec4f {
#if transposed
  return vec4f(w[(tap * $CO4 * 4u + min(col * 4u + i, $CO4 * 4u - 1u)) * $C4 + c]);
#else
  return vec4f(w[((tap * $C4 + c) * 4u + i / {{QUADS}}u) * $CO4 + min(col + i % {{QUADS}}u, $CO4 - 1u)]);
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
