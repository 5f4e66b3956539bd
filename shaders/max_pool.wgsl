// A thread makes one vec4 of one pixel: the largest value of its window, which may reach over the picture's lower and right edge.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let p = id.y + id.z * $YSPAN;
  if (c >= $C4 || p >= $PIXELS) { return; }
  let ox = p % $OW;
  let oy = (p / $OW) % $OH;
  let n = p / ($OW * $OH);
  let bottom = min(oy * $STRIDE + $K, $H);
  let right = min(ox * $STRIDE + $K, $W);
  var m = vec4f(x[((n * $H + oy * $STRIDE) * $W + ox * $STRIDE) * $C4 + c]);
  for (var iy = oy * $STRIDE; iy < bottom; iy++) {
    for (var ix = ox * $STRIDE; ix < right; ix++) { m = max(m, vec4f(x[((n * $H + iy) * $W + ix) * $C4 + c])); }
  }
  y[p * $C4 + c] = y_t(m);
}
