// Thread t converts the pixels t, t + THREADS, ...

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var flag = 0u;
  for (var i = id.x; i < $PIXELS; i += {{THREADS}}u) {
    let v = vec4f(x[i]).xyz;
    let byte = vec3u(clamp((v + 1.0) / 2.0 * 255.0, vec3f(0.0), vec3f(255.0)));
    rgba[i] = byte.r | (byte.g << 8u) | (byte.b << 16u) | (255u << 24u);
    if (any((bitcast<vec3u>(v) & vec3u(0x7fffffffu)) > vec3u(0x7f800000u))) {
      rgba[i] = 0u;
      flag = i + 1u;
    }
  }
  flags[id.x] = flag;
}
