// First stage: parts[s][c] = sum of x over the LEN rows of slice s; each thread sums one vec4 of columns of one slice.
// Constant weights: row r is multiplied by weights[r].

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x % $C4;
  let slice = id.x / $C4;
  let start = slice * $LEN;
  if (start >= $ROWS) { return; }
  let end = min(start + $LEN, $ROWS);
  var s = vec4f(0.0);
#if weights
  for (var r = start; r < end; r++) { s += weights[r] * vec4f(x[r * $C4 + c]); }
#else
  for (var r = start; r < end; r++) { s += vec4f(x[r * $C4 + c]); }
#endif
  parts[slice * $C4 + c] = s;
}
