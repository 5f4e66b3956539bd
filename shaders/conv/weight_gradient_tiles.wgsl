// Winograd weight gradient, first stage: 16 matrix products over tiles,
//   parts[slice][z][m][n] = sum over the tiles k of the slice of a[z][k][m] * b[z][k][n]
// a and b have their vec4 along m and n, and K tiles. Each lane has one vec4 of m, 4 rows.
// Generated text, column, product, put: weight_gradient_columns.wgsl.

#if subgroups
enable subgroups;
#endif

// A vec4 of m at tile k; zero from the slice's end on.
fn input(line: u32, k: u32, end: u32, row: u32) -> vec4f {
  return select(vec4f(0.0), vec4f(a[(line + min(k, end - 1u)) * $M4 + row]), k < end);
}

@compute @workgroup_size({{S}}, 1, 1)
fn main(@builtin(workgroup_id) g: vec3u, @builtin({{lane}}) lane: u32) {
  let row = min(g.x * {{S}}u + lane, $M4 - 1u);
  let col = g.y * 4u;
  let z = g.z % $Z;
  let slice = g.z / $Z;
  let line = z * $K;
{{declare}}
  let end = min((slice + 1u) * $LEN, $K);
  let last = end - 1u;
  for (var k = slice * $LEN; k < end; k += 4u) {
    let a0 = input(line, k, end, row);
    let a1 = input(line, k + 1u, end, row);
    let a2 = input(line, k + 2u, end, row);
    let a3 = input(line, k + 3u, end, row);
    let a = transpose(mat4x4f(a0, a1, a2, a3));
{{accumulate}}
  }
  if (g.x * {{S}}u + lane >= $M4) { return; }
  let out = ((($SLICE0 + slice) * $Z + z) * $M4 + row) * 4u * $N4 + col;
{{store}}
}
