// A thread makes one vec4 of dx: dy of every window whose first largest value this pixel is.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let p = id.y + id.z * $YSPAN;
  if (c >= $C4 || p >= $PIXELS) { return; }
  let px = p % $W;
  let py = (p / $W) % $H;
  let n = p / ($W * $H);
  let v = vec4f(x[p * $C4 + c]);
  // Windows that hold row py start at rows py - K + 1 .. py.
  let top = (max(py + 1u, $K) - $K + $STRIDE - 1u) / $STRIDE;
  let bottom = min(py / $STRIDE + 1u, $OH);
  let left = (max(px + 1u, $K) - $K + $STRIDE - 1u) / $STRIDE;
  let right = min(px / $STRIDE + 1u, $OW);
  var s = vec4f(0.0);
  for (var oy = top; oy < bottom; oy++) {
    for (var ox = left; ox < right; ox++) {
      let o = ((n * $OH + oy) * $OW + ox) * $C4 + c;
      let m = vec4f(y[o]);
      var first = v == m;
      let end = min(ox * $STRIDE + $K, $W);
      for (var iy = oy * $STRIDE; iy <= py; iy++) {
        // Rows above wholly, this row up to the pixel.
        let stop = select(end, px, iy == py);
        for (var ix = ox * $STRIDE; ix < stop; ix++) {
          first = first & (vec4f(x[((n * $H + iy) * $W + ix) * $C4 + c]) != m);
        }
      }
      s += select(vec4f(0.0), vec4f(dy[o]), first);
    }
  }
  dx[p * $C4 + c] = dx_t(s);
}
