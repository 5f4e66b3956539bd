// Thread t takes the vec4s t, t + SHARES, ... of both tensors and notes its share of their scalar product.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var s = vec4f(0.0);
  for (var i = id.x; i < $N4; i += {{SHARES}}u) { s += vec4f(a[i]) * vec4f(b[i]); }
  shares[id.x] = s.x + s.y + s.z + s.w;
}
