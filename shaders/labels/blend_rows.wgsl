// y[r] = s * a[rows[r].x] + (1 - s) * b[rows[r].y], s = 1 / (1 + exp(-logit)): one vec4 of one row a thread.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let row = {{row}};
  if (c >= $C4 || row >= $ROWS) { return; }
  let s = 1.0 / (1.0 + exp(-logit[0].x));
  let va = vec4f(a[u32(rows[2u * row]) * $C4 + c]);
  let vb = vec4f(b[u32(rows[2u * row + 1u]) * $C4 + c]);
  y[row * $C4 + c] = y_t(s * va + (1.0 - s) * vb);
}
