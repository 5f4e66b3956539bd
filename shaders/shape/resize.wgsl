// Each thread computes one vec4 of one pixel. SCALEY and SCALEX are the float32 that torch computes; `half`: 0.5, or with
// aligned corners 0.0.

fn at(n: u32, y: u32, x: u32, c: u32) -> vec4f {
  return vec4f(source[((n * $H + y) * $W + x) * $C4 + c]);
}

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let p = {{row}};
  if (c >= $C4 || p >= $PIXELS) { return; }
  let ox = p % $OW;
  let oy = (p / $OW) % $OH;
  let n = p / ($OW * $OH);
  let scale = vec2f($SCALEY, $SCALEX);
  let last = vec2u($H - 1u, $W - 1u);
#if bilinear
  let s = max(scale * (vec2f(f32(oy), f32(ox)) + {{half}}) - {{half}}, vec2f(0.0));
  let a = min(vec2u(s), last);
  let b = min(a + 1u, last);
  let t = s - vec2f(a);
  let top = mix(at(n, a.x, a.y, c), at(n, a.x, b.y, c), t.y);
  let bottom = mix(at(n, b.x, a.y, c), at(n, b.x, b.y, c), t.y);
  let v = mix(top, bottom, t.x);
#else
  let s = min(vec2u(floor(vec2f(f32(oy), f32(ox)) * scale)), last);
  let v = at(n, s.x, s.y, c);
#endif
  y[p * $C4 + c] = y_t(v);
}
