// V = B^T d B of every 6x6 patch (stride 4, from one row and column before the picture on), one vec4 of channels a thread.
// x [H][W][C4] -> v [36][tiles / 8][C4][8], the blocks of 8 rows that gemm reads.

fn load(iy: i32, ix: i32, c: u32) -> vec4f {
  let inside = iy >= 0 && iy < i32($H) && ix >= 0 && ix < i32($W);
  let at = (u32(clamp(iy, 0, i32($H) - 1)) * $W + u32(clamp(ix, 0, i32($W) - 1))) * $C4 + c;
  return select(vec4f(0.0), x[at], inside);
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = (id.x >> 3u) % $C4;
  let t = (id.x / ($C4 * 8u)) * 8u + (id.x & 7u);
  if (t >= $TILES) { return; }
  let step = (($TILES + 7u) / 8u) * 8u * $C4;
  let iy = i32((($T0 + t) / $TW) * 4u) - 1;
  let ix = i32((($T0 + t) % $TW) * 4u) - 1;
{{transform}}
}
