// Adds rows of moments (sum of dxn, sum of dxn * (x - mean)), in order, one vec4 a thread: LEN of the ROWS rows of each group. Constant
// `last`: these are all of a group's, and the sums become dmean and drstd; else they are a slice's and become a row of y.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x % (2u * $C4);
  let slice = id.x / (2u * $C4);
  let slices = ($ROWS + $LEN - 1u) / $LEN;
  if (slice >= slices * $GROUPS) { return; }
  let start = (slice / slices) * $ROWS + (slice % slices) * $LEN;
  let end = start + min($LEN, $ROWS - (slice % slices) * $LEN);
  var s = vec4f(0.0);
  for (var i = start; i < end; i++) { s += moments[i * 2u * $C4 + c]; }
#if last
  let g = slice * $C4 + c % $C4;
  if (c < $C4) { dmean[g] = -s * rstd[g]; } else { drstd[g] = s; }
#else
  y[id.x] = s;
#endif
}
