// Stage 1 of 2 of a^T b over long columns: parts[slice][z][m][n] = sum over the slice's rows k of a[z][k][m] * b[z][k][n], both with their
// vec4 along the row. Lane = a vec4 of m; 16 n stay in its registers. Four k a step.

#if subgroups
enable subgroups;
#endif

@compute @workgroup_size({{S}}, 1, 1)
fn main(@builtin(workgroup_id) g: vec3u, @builtin({{lane}}) lane: u32) {
  let row = min(g.x * {{S}}u + lane, $M4 - 1u);
  let col = g.y * 4u;
  let z = g.z % $Z;
  let slice = g.z / $Z;
{{declare}}
  let end = min((slice + 1u) * $LEN, $K);
  for (var k = slice * $LEN; k < end; k += 4u) {
{{rows}}
{{accumulate}}
  }
  if (g.x * {{S}}u + lane >= $M4) { return; }
  let out = ((($SLICE0 + slice) * $Z + z) * $M4 + row) * 4u * $N4 + col;
{{store}}
}
