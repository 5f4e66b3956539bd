// V = B^T d B of every 4x4 patch (stride 2), one vec4 of channels a thread; patches of this slice start at tile T0.
// B^T = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1].   x [N,H,W,C4] -> v [16][tiles of the slice][C4]

fn load(n: u32, iy: i32, ix: i32, c: u32) -> vec4f {
  let inside = iy >= 0 && iy < i32($H) && ix >= 0 && ix < i32($W);
  let at = ((n * $H + u32(clamp(iy, 0, i32($H) - 1))) * $W + u32(clamp(ix, 0, i32($W) - 1))) * $C4 + c;
  return vec4f(x[at]) * f32(inside);
}

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let t = id.y + id.z * $YSPAN;
  if (c >= $C4 || t >= $TILES) { return; }
  let tile = $T0 + t;
  let tx = tile % $TW;
  let ty = (tile / $TW) % $TH;
  let n = tile / ($TW * $TH);
  let iy = i32(ty * 2u) - 1;
  let ix = i32(tx * 2u) - 1;
  let step = $TILES * $C4;
  let at = t * $C4 + c;
  var d: array<array<vec4f, 4>, 4>;
  for (var i = 0; i < 4; i++) {
    let a = load(n, iy + i, ix, c);
    let b = load(n, iy + i, ix + 1, c);
    let e = load(n, iy + i, ix + 2, c);
    let f = load(n, iy + i, ix + 3, c);
    d[i] = array<vec4f, 4>(a - e, b + e, e - b, b - f);
  }
  for (var j = 0u; j < 4u; j++) {
    v[at + j * step] = v_t(d[0][j] - d[2][j]);
    v[at + (4u + j) * step] = v_t(d[1][j] + d[2][j]);
    v[at + (8u + j) * step] = v_t(d[2][j] - d[1][j]);
    v[at + (12u + j) * step] = v_t(d[1][j] - d[3][j]);
  }
}
