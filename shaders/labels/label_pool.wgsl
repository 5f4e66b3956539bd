// Each thread computes one vec4 of channels of one pixel: the share of the window's pixels that have each label. Window:
// avg_pool_window.wgsl. Constant `edge`: channel EDGE is the share of pixels on an edge.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let p = {{row}};
  if (c >= $C4 || p >= $PIXELS) { return; }
  let w = window(p);
  let channels = vec4i(0, 1, 2, 3) + 4 * i32(c);
  var s = vec4f(0.0);
  for (var iy = w.top; iy < w.bottom; iy++) {
    for (var ix = w.left; ix < w.right; ix++) {
      let code = codes[w.image + iy * $W + ix];
      s += select(vec4f(0.0), vec4f(1.0), vec4i(code >> 1u) == channels);
#if edge
      if ((code & 1) == 1) { s += select(vec4f(0.0), vec4f(1.0), vec4i(i32($EDGE)) == channels); }
#endif
    }
  }
  y[p * $C4 + c] = y_t(s / size(w));
}
