// First stage of negatedDot: thread t writes the dot product of the vec4s t, t + SHARES, ... of a and b.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var s = vec4f(0.0);
  for (var i = id.x; i < $N4; i += {{SHARES}}u) { s += vec4f(a[i]) * vec4f(b[i]); }
  shares[id.x] = s.x + s.y + s.z + s.w;
}
