// What a row's gradient gives to its row of a, to its row of b, and to the logit's derivative: da = s * dy, db = (1 - s) * dy,
// dot = dy * (a - b). Constants say which of them are wanted.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let row = {{row}};
  if (c >= $C4 || row >= $ROWS) { return; }
  let at = row * $C4 + c;
  let d = vec4f(dy[at]);
  let s = 1.0 / (1.0 + exp(-logit[0].x));
#if a
  da[at] = s * d;
#endif
#if b
  db[at] = (1.0 - s) * d;
#endif
#if logit
  let va = vec4f(a[u32(rows[2u * row]) * $C4 + c]);
  let vb = vec4f(b[u32(rows[2u * row + 1u]) * $C4 + c]);
  dots[at] = d * (va - vb);
#endif
}
