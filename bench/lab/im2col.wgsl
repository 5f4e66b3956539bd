// One vec4 of the column matrix a thread: a row a pixel of y, the taps of its window side by side, zeros outside the picture.
// x [H][W][C4] -> columns [H * W][K * K][C4]

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let at = id.x;
  let pixel = id.y + id.z * $SPAN;
  if (at >= $K * $K * $C4 || pixel >= $H * $W) { return; }
  let tap = at / $C4;
  let iy = i32(pixel / $W + tap / $K) - i32($PAD);
  let ix = i32(pixel % $W + tap % $K) - i32($PAD);
  let inside = iy >= 0 && iy < i32($H) && ix >= 0 && ix < i32($W);
  let source = (u32(clamp(iy, 0, i32($H) - 1)) * $W + u32(clamp(ix, 0, i32($W) - 1))) * $C4 + at % $C4;
  columns[pixel * $K * $K * $C4 + at] = select(vec4f(0.0), x[source], inside);
}
