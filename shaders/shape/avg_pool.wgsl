// A thread makes one vec4 of one pixel: the mean over the taps that lie in the picture.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let p = id.y + id.z * $YSPAN;
  if (c >= $C4 || p >= $PIXELS) { return; }
  let ox = p % $OW;
  let oy = (p / $OW) % $OH;
  let n = p / ($OW * $OH);
  // Row 2*oy - 1 .. 2*oy + 1, clipped.
  let top = max(2u * oy, 1u) - 1u;
  let bottom = min(2u * oy + 2u, $H);
  let left = max(2u * ox, 1u) - 1u;
  let right = min(2u * ox + 2u, $W);
  var s = vec4f(0.0);
  for (var iy = top; iy < bottom; iy++) {
    for (var ix = left; ix < right; ix++) { s += vec4f(x[((n * $H + iy) * $W + ix) * $C4 + c]); }
  }
  y[p * $C4 + c] = y_t(s / f32((bottom - top) * (right - left)));
}
