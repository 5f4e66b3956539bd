// Sums of rows of x over segments of `order`, {{COLUMNS}} vec4 of columns a thread, {{LX}} apart. A short segment is one row of y; a cut one leaves its row to
// segments_join, its parts are summed by the same text (`parts`). `masked`: where y of the forward pass was cut off, nothing flows.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) g: vec3u) {
  // The first of the thread's columns.
  let c = id.x + g.x * {{LX}}u * ({{COLUMNS}}u - 1u);
  let to = id.y + id.z * $YSPAN;
#if parts
  if (c >= $C4 || to >= u32(parts[0].x)) { return; }
  let part = parts[1u + to];
  let start = u32(part.x);
  let end = u32(part.y);
#else
  if (c >= $C4 || to >= $COUNT || to + $FIRST >= u32(rows[0]) + 2u) { return; }
  let length = rows[2u * (to + $FIRST) + 1u];
  if (length < 0) { return; }
  let start = u32(rows[2u * (to + $FIRST)]);
  let end = start + u32(length);
#endif
  var s: array<vec4f, {{COLUMNS}}>;
  for (var i = start; i < end; i++) {
    let at = u32(order[i]) * $X4 + $COL;
    for (var j = 0u; j < {{COLUMNS}}u; j++) {
      let k = at + min(c + j * {{LX}}u, $C4 - 1u);
#if masked
      s[j] += select(vec4f(0.0), vec4f(x[k]), vec4f(mask[k]) > vec4f(0.0));
#else
      s[j] += vec4f(x[k]);
#endif
    }
  }
  for (var j = 0u; j < {{COLUMNS}}u; j++) {
    let k = c + j * {{LX}}u;
    if (k >= $C4) { return; }
#if parts
    y[to * $C4 + k] = s[j];
#else
    y[to * $C4 + $TO + k] = s[j];
#endif
  }
}
