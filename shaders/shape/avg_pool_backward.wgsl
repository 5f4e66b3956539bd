// Each thread computes one vec4 of one pixel of dx, from the windows that contain the pixel (one or two along each axis).

// Number of taps of window o along an axis of length n.
fn taps(o: u32, n: u32) -> f32 { return f32(end_tap(o, n) - first_tap(o)); }

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let p = {{row}};
  if (c >= $C4 || p >= $PIXELS) { return; }
  let ix = p % $W;
  let iy = (p / $W) % $H;
  let n = p / ($W * $H);
  // Windows o with 2o - 1 <= i <= 2o + 1.
  let bottom = min((iy + 1u) / 2u, $OH - 1u);
  let right = min((ix + 1u) / 2u, $OW - 1u);
  var s = vec4f(0.0);
  for (var oy = iy / 2u; oy <= bottom; oy++) {
    for (var ox = ix / 2u; ox <= right; ox++) {
      s += vec4f(dy[((n * $OH + oy) * $OW + ox) * $C4 + c]) / (taps(oy, $H) * taps(ox, $W));
    }
  }
  dx[p * $C4 + c] = dx_t(s);
}
