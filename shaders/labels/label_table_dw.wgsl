// dw[tap][c][h] = sum over inner windows u of a[u][h] * t[u][tap][c], in w's blocks of 16 columns c; t is dT. Each lane has one vec4 of
// h; the 16 columns of one block are its sums. Windows are cut into slices, whose sums go to parts of y and are added later.
// Constant `subgroups`: the lanes load the columns of STEP windows together, and broadcasts give them to all lanes. Otherwise STEP is 1,
// and each lane loads all columns itself.
//
// TypeScript (kernels/labels/label_table.ts) gives S (lanes or threads), `lane` (the builtin that numbers them), STEP and the text of
//   `declare`     declares s{j}: vec4f, the sums of column j
//   `accumulate`  adds STEP windows from u on. Reads u, n, end, tap, group, h, lane; changes s{j}; calls columns
//   `store`       writes s{j} to y[out + j]

#if subgroups
enable subgroups;
#endif

// Columns 4q to 4q + 3 of window u of t; zero for a window from `end` on, and for a column that does not exist. n: number of windows.
fn columns(u: u32, end: u32, n: u32, tap: u32, q: u32) -> vec4f {
  let v = t[(min(u, n - 1u) * $TAPS + tap) * $N4 + min(q, $N4 - 1u)];
  return select(vec4f(0.0), v, u < end && q < $N4);
}

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
