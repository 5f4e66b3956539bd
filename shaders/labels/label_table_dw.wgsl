// dw[tap][c][h] = sum over inner windows u of a[u][h] * t[u][tap][c], in w's blocks. Lane = a vec4 of h; the 16 columns of a block stay in
// its registers. Slices of the windows go to parts of y, summed after. With subgroups a step's columns are loaded once by the lanes
// together and handed round by broadcast, {{STEP}} windows a step.

#if subgroups
enable subgroups;
#endif

@compute @workgroup_size({{S}}, 1, 1)
fn main(@builtin(workgroup_id) g: vec3u, @builtin({{lane}}) lane: u32) {
  let h = min(g.x * {{S}}u + lane, $H4 - 1u);
  let tap = g.y / $SLICE_BLOCKS;
  let group = g.y % $SLICE_BLOCKS;
  let n = u32(rows[0]) / $TAPS;
  let len = (n + $SLICES - 1u) / $SLICES;
  let end = min((g.z + 1u) * len, n);
{{declare}}
  for (var u = g.z * len; u < end; u += {{STEP}}u) {
{{accumulate}}
  }
  if (g.x * {{S}}u + lane >= $H4) { return; }
  let out = (((g.z * $TAPS + tap) * $BLOCKS + $BLOCK0 + group) * $H4 + h) * 16u;
{{store}}
}
