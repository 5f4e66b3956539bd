// The adapter's multiply-add peak: 12 independent scalar chains a thread, nothing read, one number written.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = 0.999 + f32(id.x) * 1e-9;
{{declare}}
  for (var i = 0u; i < $ROUNDS; i++) {
{{chain}}
  }
  y[id.x] = {{total}};
}
