// rstd = 1 / sqrt(variance + EPS), one vec4 of channels a thread; 0 for padded channels.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= $C4) { return; }
  let inside = vec4u(0u, 1u, 2u, 3u) + 4u * c < vec4u($C);
  rstd[c] = select(vec4f(0.0), 1.0 / sqrt(vec4f(variance[c]) + $EPS), inside);
}
