// Row 1 + n * S + J of y: relu of x's row of picture n and label J, times w, plus bias. Each thread computes one vec4 of columns of one
// picture. Constant `first`: a row of threads more writes the row of zeros, for what lies outside the pictures.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = id.x;
  let n = id.y;
  if (m >= $M4) { return; }
#if first
  if (n == $N) {
    y[m] = y_t(vec4f(0.0));
    return;
  }
#endif
  let row = n * $S + $J;
  var s = vec4f(bias[m]);
  for (var k = 0u; k < $K; k++) { s += x[row * $PITCH + k] * vec4f(w[k * $M4 + m]); }
  y[(1u + row) * $M4 + m] = y_t(max(s, vec4f(0.0)));
}
