// One triangle covers the surface; each of its pixels takes the picture's at the same place.

struct Sizes { picture: vec2f, surface: vec2f, pixels: u32, encoded: u32 }
@group(0) @binding(0) var<storage, read> rgba: array<u32>;
@group(0) @binding(1) var<uniform> s: Sizes;
@vertex fn corner(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
  return vec4f(f32(i & 1u) * 4.0 - 1.0, f32(i >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}
fn at(p: vec2f) -> vec3f {
  let q = vec2u(clamp(p, vec2f(0.0), s.picture - 1.0));
  return unpack4x8unorm(rgba[q.y * u32(s.picture.x) + q.x]).rgb;
}
@fragment fn colour(@builtin(position) place: vec4f) -> @location(0) vec4f {
  let p = place.xy * s.picture / s.surface;
  let o = floor(p - 0.5);
  let f = p - 0.5 - o;
  var c = mix(mix(at(o), at(o + vec2f(1.0, 0.0)), f.x), mix(at(o + vec2f(0.0, 1.0)), at(o + 1.0), f.x), f.y);
  if (s.pixels != 0u) { c = at(floor(p)); }
  if (s.encoded != 0u) { c = select(pow((c + 0.055) / 1.055, vec3f(2.4)), c / 12.92, c <= vec3f(0.04045)); }
  return vec4f(c, 1.0);
}
