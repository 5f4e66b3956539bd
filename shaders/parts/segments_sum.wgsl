// y[r] = sum of x[order[i]] over the items i of a segment, COLUMNS vec4 of columns a thread, LX apart (kernels/parts/grid.ts).
// Constant `parts`: y holds the sums of the parts of cut segments. Otherwise it holds those of whole segments, from vec4 TO on, and
// segments_join writes the rows of cut ones. segment: segments_range.wgsl.
// Constant `masked`: an element of x counts where mask is above zero (the gradient of a ReLU).

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let to = {{row}};
  let list = segment(to);
  if (c >= $C4 || !list.live) { return; }
  var s: array<vec4f, {{COLUMNS}}>;
  for (var i = list.start; i < list.end; i++) {
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
