// dx = dy * act'. The slope is told from the activation's result: that is `source` itself, or made of it once more.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    var v = vec4f(source[i]);
    v = {{act}};
    dx[i] = dx_t(vec4f(dy[i]) * {{slope}});
  }
}
