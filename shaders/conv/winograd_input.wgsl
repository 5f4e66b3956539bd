// V = B^T d B of the 4x4 patches d of x, one vec4 of channels of one patch a thread. Patches have stride 2 and start PAD before the
// picture; the slice's TILES patches start at tile T0, of TH x TW an image and END in all. B^T = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1].
// With a list of tiles (shaders/parts/extent.wgsl, of one image) they start at place T0 of the list.
// x [N,H,W,C4] -> v [16][tiles/8][C4][8] (constant `blocked`: blocks of 8 tiles, as gemm reads rows), or [16][tiles][C4].

// A pixel's channels c; zero outside the picture.
fn load(n: u32, iy: i32, ix: i32, c: u32) -> vec4f {
  let inside = iy >= 0 && iy < i32($H) && ix >= 0 && ix < i32($W);
  let at = ((n * $H + u32(clamp(iy, 0, i32($H) - 1))) * $W + u32(clamp(ix, 0, i32($W) - 1))) * $C4 + c;
  return select(vec4f(0.0), vec4f(x[at]), inside);
}

// One row of the patch, times B.
fn row(n: u32, iy: i32, ix: i32, c: u32) -> array<vec4f, 4> {
  let a = load(n, iy, ix, c);
  let b = load(n, iy, ix + 1, c);
  let e = load(n, iy, ix + 2, c);
  let f = load(n, iy, ix + 3, c);
  return array<vec4f, 4>(a - e, b + e, e - b, b - f);
}

// One of the four rows of a tile's 4x4 results.
fn put(at: u32, step: u32, a: vec4f, b: vec4f, c: vec4f, d: vec4f) {
  v[at] = v_t(a);
  v[at + step] = v_t(b);
  v[at + 2u * step] = v_t(c);
  v[at + 3u * step] = v_t(d);
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
#if blocked
  let c = (id.x >> 3u) % $C4;
  let t = (id.x / ($C4 * 8u)) * 8u + (id.x & 7u);
  let step = (($TILES + 7u) / 8u) * 8u * $C4;
#else
  let c = id.x % $C4;
  let t = id.x / $C4;
  let step = $TILES * $C4;
#endif
  if (t >= $TILES) { return; }
  let tile = part_at($T0 + t, $END);
  if (tile == $END) { return; }
  let tx = tile % $TW;
  let ty = (tile / $TW) % $TH;
  let n = tile / ($TW * $TH);
  let iy = i32(ty * 2u) - i32($PAD);
  let ix = i32(tx * 2u) - i32($PAD);
  let d0 = row(n, iy, ix, c);
  let d1 = row(n, iy + 1, ix, c);
  let d2 = row(n, iy + 2, ix, c);
  let d3 = row(n, iy + 3, ix, c);
  let at = id.x;
  put(at, step, d0[0] - d2[0], d0[1] - d2[1], d0[2] - d2[2], d0[3] - d2[3]);
  put(at + 4u * step, step, d1[0] + d2[0], d1[1] + d2[1], d1[2] + d2[2], d1[3] + d2[3]);
  put(at + 8u * step, step, d2[0] - d1[0], d2[1] - d1[1], d2[2] - d1[2], d2[3] - d1[3]);
  put(at + 12u * step, step, d1[0] - d3[0], d1[1] - d3[1], d1[2] - d3[2], d1[3] - d3[3]);
}
