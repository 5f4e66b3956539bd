// Mean, variance and 1/sqrt(max(variance, EPS)) of all peers' values from the joined rows n, mean, M2. One thread a vec4 of channels; padded
// lanes are zero.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= $C4) { return; }
  let v = max(joined[2u * $C4 + c] / joined[c], vec4f(0.0));
  let inside = vec4u(0u, 1u, 2u, 3u) + 4u * c < vec4u($C);
  mean[c] = joined[$C4 + c];
  variance[c] = v;
  rstd[c] = select(vec4f(0.0), 1.0 / sqrt(max(v, vec4f($EPS))), inside);
}
