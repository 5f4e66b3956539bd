// Each thread computes, for one vec4 of channels and one slice of a group's pixels, the mean and the sum of squared distances from it, by
// the corrected two-pass sum (the second reading of the slice comes from a cache). Means are relative to the group's first pixel: a sum of
// values near 1000 would lose the digits of a deviation of 0.1 in f32.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let thread = id.x + id.z * groups.x * 64u;
  let c = thread % $C4;
  let slice = thread / $C4;
  if (slice >= $SLICES * $GROUPS) { return; }
  let start = (slice % $SLICES) * $LEN;
  // A bound that the compiler does not know: unrolled, this loop took lavapipe 5 s to compile.
  let n = min(min($LEN, $PIXELS - start), arrayLength(&x));
  let group = (slice / $SLICES) * $PIXELS * $C4 + c;
  let at = group + start * $C4;
  let origin = vec4f(x[group]);
  var sum = vec4f(0.0);
  for (var i = 0u; i < n; i++) { sum += vec4f(x[at + i * $C4]) - origin; }
  let m = sum / f32(n);
  var rest = vec4f(0.0);
  var squares = vec4f(0.0);
  for (var i = 0u; i < n; i++) {
    let d = (vec4f(x[at + i * $C4]) - origin) - m;
    rest += d;
    squares += d * d;
  }
  means[slice * $C4 + c] = m + rest / f32(n);
  distances[slice * $C4 + c] = squares - rest * rest / f32(n);
}
