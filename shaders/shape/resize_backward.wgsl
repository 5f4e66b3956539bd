// Each thread computes one vec4 of one pixel of dx: the sum of the pixels of dy that may have read it, each times the weight with
// which the forward read it.

// Weight of source index i in destination index o along one axis; `last` is the last source index.
fn weight(i: u32, o: u32, scale: f32, last: u32) -> f32 {
#if bilinear
  let s = max(scale * (f32(o) + {{half}}) - {{half}}, 0.0);
  let a = min(u32(s), last);
  let t = s - f32(a);
  return select(0.0, 1.0 - t, a == i) + select(0.0, t, min(a + 1u, last) == i);
#else
  return f32(min(u32(floor(f32(o) * scale)), last) == i);
#endif
}

// The destination indices that may read source i: from .x to before .y. The last source is also read by all beyond it.
// A scale of 0 (aligned corners) reads the first source alone; any small number leaves it and the second one in the range.
fn range(i: u32, exact: f32, last: u32, size: u32) -> vec2u {
  let scale = max(exact, 1e-5);
  let low = max(floor((f32(i) - 1.0) / scale) - 2.0, 0.0);
  let high = ceil((f32(i) + 2.0) / scale) + 2.0;
  return vec2u(min(u32(low), size), select(min(u32(high), size), size, i == last));
}

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let p = {{row}};
  if (c >= $C4 || p >= $PIXELS) { return; }
  let ix = p % $W;
  let iy = (p / $W) % $H;
  let n = p / ($W * $H);
  let scale = vec2f($SCALEY, $SCALEX);
  let rows = range(iy, scale.x, $H - 1u, $OH);
  let columns = range(ix, scale.y, $W - 1u, $OW);
  var s = vec4f(0.0);
  for (var oy = rows.x; oy < rows.y; oy++) {
    let wy = weight(iy, oy, scale.x, $H - 1u);
    if (wy == 0.0) { continue; }
    for (var ox = columns.x; ox < columns.y; ox++) {
      s += wy * weight(ix, ox, scale.y, $W - 1u) * vec4f(dy[((n * $OH + oy) * $OW + ox) * $C4 + c]);
    }
  }
  dx[p * $C4 + c] = dx_t(s);
}
