// y[r] = sum of x[order[i]] over the items i of a segment, COLUMNS vec4 of columns a thread, LX apart (kernels/parts/grid.ts).
// Constant `parts`: the segments are the parts of cut segments, and y holds their sums. Otherwise they are whole segments, and
// segments_join writes the rows of those that were cut (their length is negative).
// Constant `masked`: an element of x counts where mask is above zero (the gradient of a ReLU).

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let to = {{row}};
#if parts
  if (c >= $C4 || to >= u32(parts[0].x)) { return; }
  let part = parts[1u + to];
  let start = u32(part.x);
  let end = u32(part.y);
#else
  let row = to + $FIRST;
  if (c >= $C4 || to >= $COUNT || row >= u32(rows[0]) + {{LIST_SEGMENTS}}u) { return; }
  let length = rows[2u * row + 1u];
  if (length < 0) { return; }
  let start = u32(rows[2u * row]);
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
