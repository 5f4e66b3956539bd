// One vec4 of channels of one distinct outer window: bias + the k*k rows of t that its inner windows name, one a tap.
// t [tap][inner row][T4]; windows [outer row][tap]: inner ids, 0 = outside the image, whose row of t is zero.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let row = id.y + id.z * $YSPAN;
  if (id.x >= $T4 || row >= $ROWS) { return; }
  var sum = vec4f(bias[$COL + id.x]);
  for (var tap = 0u; tap < $TAPS; tap++) {
    let inner = u32(windows[row * $TAPS + tap]);
    sum += vec4f(t[(tap * $INNER + inner) * $T4 + id.x]);
  }
  y[row * $C4 + $COL + id.x] = y_t(sum);
}
