// Updates the running mean and variance in place, one vec4 of channels a thread. UNBIAS: count / (count - 1).

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= $C4) { return; }
  let momentum = $MOMENTUM;
#if joined
  let unbias = joined[c] / (joined[c] - 1.0);
#else
  let unbias = $UNBIAS;
#endif
  running_mean[c] = (1.0 - momentum) * running_mean[c] + momentum * mean[c];
  running_var[c] = (1.0 - momentum) * running_var[c] + momentum * (variance[c] * unbias);
}
