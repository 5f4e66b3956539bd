// Partial sums of W v: products[s][o] = sum of v[r] * w[r,o] over the LEN rows r of slice s, one vec4 of columns a thread.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x % $C4;
  let slice = id.x / $C4;
  let start = slice * $LEN;
  if (start >= $ROWS) { return; }
  let end = min(min(start + $LEN, $ROWS), arrayLength(&v));
  var s = vec4f(0.0);
  for (var r = start; r < end; r++) { s += v[r] * vec4f(w[r * $C4 + c]); }
  products[slice * $C4 + c] = s;
}
