// First stage of l1_mean: thread t sums |a - b| of its share of a range of both; strided.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  var s = vec4f(0.0);
  for (var i = id.x; i < $N4; i += groups.x * 64u) { s += abs(vec4f(a[$AFROM + i]) - vec4f(b[$BFROM + i])); }
  shares[id.x] = s.x + s.y + s.z + s.w;
}
