// Each thread computes one vec4 of one pixel: the mean over the window's taps that lie in the picture. Window: avg_pool_window.wgsl.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let p = {{row}};
  if (c >= $C4 || p >= $PIXELS) { return; }
  let ox = p % $OW;
  let oy = (p / $OW) % $OH;
  let n = p / ($OW * $OH);
  let top = first_tap(oy);
  let bottom = end_tap(oy, $H);
  let left = first_tap(ox);
  let right = end_tap(ox, $W);
  var s = vec4f(0.0);
  for (var iy = top; iy < bottom; iy++) {
    for (var ix = left; ix < right; ix++) { s += vec4f(x[((n * $H + iy) * $W + ix) * $C4 + c]); }
  }
  y[p * $C4 + c] = y_t(s / f32((bottom - top) * (right - left)));
}
