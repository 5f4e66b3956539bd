// Each thread computes one vec4 of one pixel: the mean over the window's taps that lie in the picture. Window: avg_pool_window.wgsl.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let p = {{row}};
  if (c >= $C4 || p >= $PIXELS) { return; }
  let w = window(p);
  var s = vec4f(0.0);
  for (var iy = w.top; iy < w.bottom; iy++) {
    for (var ix = w.left; ix < w.right; ix++) { s += vec4f(x[(w.image + iy * $W + ix) * $C4 + c]); }
  }
  y[p * $C4 + c] = y_t(s / size(w));
}
