// A thread makes one vec4 of channels of one pixel: how many of the window's pixels have each label.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let p = id.y + id.z * $YSPAN;
  if (c >= $C4 || p >= $PIXELS) { return; }
  let ox = p % $OW;
  let oy = (p / $OW) % $OH;
  let n = p / ($OW * $OH);
  let top = max(2u * oy, 1u) - 1u;
  let bottom = min(2u * oy + 2u, $H);
  let left = max(2u * ox, 1u) - 1u;
  let right = min(2u * ox + 2u, $W);
  let channels = vec4i(0, 1, 2, 3) + 4 * i32(c);
  var s = vec4f(0.0);
  for (var iy = top; iy < bottom; iy++) {
    for (var ix = left; ix < right; ix++) {
      let code = codes[(n * $H + iy) * $W + ix];
      s += select(vec4f(0.0), vec4f(1.0), vec4i(code >> 1u) == channels);
#if edge
      if ((code & 1) == 1) { s += select(vec4f(0.0), vec4f(1.0), vec4i(i32($EDGE)) == channels); }
#endif
    }
  }
  y[p * $C4 + c] = y_t(s / f32((bottom - top) * (right - left)));
}
