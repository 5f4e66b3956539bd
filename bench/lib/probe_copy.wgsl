// The adapter's copy rate: one vec4 a thread.

@compute @workgroup_size({{THREADS}}, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  y[id.x] = x[id.x];
}
