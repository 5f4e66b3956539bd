// Each thread computes, for one vec4 of channels and one slice of a group's pixels, the mean and the sum of squared distances from it, by
// the corrected two-pass sum (the second reading of the slice comes from a cache). Means are relative to the group's first pixel: a sum
// of values near 1000 would lose the digits of a deviation of 0.1 in f32. Slice, slice_of: statistics_slice.wgsl.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let slice = slice_of(id.x + id.z * groups.x * 64u);
  if (!slice.live) { return; }
  let group = slice.group * $PIXELS * $C4 + slice.c;
  let at = group + slice.start * $C4;
  let origin = vec4f(x[group]);
  var sum = vec4f(0.0);
  for (var i = 0u; i < slice.pixels; i++) { sum += vec4f(x[at + i * $C4]) - origin; }
  let m = sum / f32(slice.pixels);
  var rest = vec4f(0.0);
  var squares = vec4f(0.0);
  for (var i = 0u; i < slice.pixels; i++) {
    let d = (vec4f(x[at + i * $C4]) - origin) - m;
    rest += d;
    squares += d * d;
  }
  means[slice.number * $C4 + slice.c] = m + rest / f32(slice.pixels);
  distances[slice.number * $C4 + slice.c] = squares - rest * rest / f32(slice.pixels);
}
