// The sum of dy a channel. First pass: a thread takes one vec4 of one slice of pixels; second pass: of the slices (SLICES = 1).

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let co = id.x % $CO4;
  let slice = id.x / $CO4;
  if (slice >= $SLICES) { return; }
  var s = vec4f(0.0);
  let end = min((slice + 1u) * $LEN, $PIXELS);
  for (var p = slice * $LEN; p < end; p++) { s += vec4f(dy[p * $CO4 + co]); }
  sums[id.x] = sums_t(s);
}
