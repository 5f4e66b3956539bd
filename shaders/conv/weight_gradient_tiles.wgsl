// Winograd weight gradient, first stage: 16 matrix products over tiles,
//   parts[slice][z][m][n] = sum over the tiles k of the slice of a[z][k][m] * b[z][k][n]
// a and b have their vec4 along m and n, and K tiles. Each lane has one vec4 of m, 4 rows.
// Generated text, column_of, column, product, put: weight_gradient_columns.wgsl.

#if subgroups
enable subgroups;
#endif

// A vec4 of m of the matrix that begins at `first`, zero beyond the slice's last tile.
fn input(first: u32, at: u32, last: u32) -> vec4f {
  return select(vec4f(0.0), vec4f(a[first + min(at, last)]), at <= last);
}

@compute @workgroup_size({{S}}, 1, 1)
fn main(@builtin(workgroup_id) g: vec3u, @builtin({{lane}}) lane: u32) {
  let row = min(g.x * {{S}}u + lane, $M4 - 1u);
  let col = g.y * {{QUADS}}u;
  let z = g.z % $Z;
  let slice = g.z / $Z;
  let line = z * $K * $N4;
  let first = z * $K * $M4;
  let end = min((slice + 1u) * $LEN, $K);
  let last = end - 1u;
  let last_row = last * $M4 + row;
{{declare}}
  for (var k = slice * $LEN; k < end; k += 4u) {
    let at = k * $M4 + row;
    let a0 = input(first, at, last_row);
    let a1 = input(first, at + $M4, last_row);
    let a2 = input(first, at + 2u * $M4, last_row);
    let a3 = input(first, at + 3u * $M4, last_row);
    let a = transpose(mat4x4f(a0, a1, a2, a3));
{{accumulate}}
  }
  if (g.x * {{S}}u + lane >= $M4) { return; }
  let out = ((($SLICE0 + slice) * $Z + z) * $M4 + row) * 4u * $N4 + col;
{{store}}
}
