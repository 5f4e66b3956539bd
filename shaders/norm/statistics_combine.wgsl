// Each thread combines the slices of one group and one vec4 of channels, in order (Chan et al. 1983, in two passes over the slices'
// means). The means of slices are relative to the group's first pixel. rstd of padded channels is 0.
// Constant counted: the slices are of a convolution's result (../conv/winograd_moments.wgsl): `counts` pixels each, means as they are. Here
// they are taken relative to the first slice's.
// Constant joined: the rows n, mean and M2 for the exchange with peers; every pixel counts REPEATS times (COUNT in all).

// Pixels of slice s of a group.
fn pixels_of(s: u32) -> f32 {
#if counted
  return counts[s];
#else
  return f32(min($LEN, $PIXELS - s * $LEN));
#endif
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x % $C4;
  let g = id.x / $C4;
  if (g >= $GROUPS) { return; }
  let at = g * $SLICES * $C4 + c;
  let slices = min($SLICES, arrayLength(&means));
#if counted
  let first = means[at];
  let origin = first;
#else
  let first = vec4f(0.0);
  let origin = vec4f(x[g * $PIXELS * $C4 + c]);
#endif
  var sum = vec4f(0.0);
  for (var s = 0u; s < slices; s++) {
    sum += (means[at + s * $C4] - first) * pixels_of(s);
  }
  let m = sum / f32($PIXELS);
  var squares = vec4f(0.0);
  for (var s = 0u; s < slices; s++) {
    let d = (means[at + s * $C4] - first) - m;
    squares += distances[at + s * $C4] + d * d * pixels_of(s);
  }
#if joined
  joined[c] = vec4f($COUNT);
  joined[$C4 + c] = origin + m;
  joined[2u * $C4 + c] = squares * $REPEATS;
#else
  let v = max(squares / f32($PIXELS), vec4f(0.0));
  let inside = vec4u(0u, 1u, 2u, 3u) + 4u * c < vec4u($C);
  mean[id.x] = origin + m;
  variance[id.x] = v;
  rstd[id.x] = select(vec4f(0.0), 1.0 / sqrt(v + $EPS), inside);
#endif
}
