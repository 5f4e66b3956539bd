// Second stage: each thread adds the slices of one vec4 of channels of an image, in order, and divides by the number of pixels.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= $N4) { return; }
  let first = id.x / $C4 * $SLICES * $C4 + id.x % $C4;
  var s = vec4f(0.0);
  for (var i = 0u; i < $SLICES; i++) { s += parts[first + i * $C4]; }
  y[id.x] = y_t(s / f32($PIXELS));
}
