// Threads stride over the vec4s of x together.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    let v = vec4f(x[i]);
    result[i] = result_t({{act}});
  }
}
