// Weight gradient, first stage: each slice's sum over its LEN rows of results (N * OH in all), one step for each result:
//   dw[tap][ci][co] = sum of x[pixel * STRIDE + tap - PAD][ci] * dz[pixel][co]
// Each lane has one tap's vec4 of input channels, a row of ROWS; b is dz. parts [slice][tap][Cin][N4].
// Generated text, column, product, put: weight_gradient_columns.wgsl.

#if subgroups
enable subgroups;
#endif

// Input channels c that belong to the result ox of a row; above: pixels of x before its row, left: kx - PAD, inside: the row exists.
fn input(above: u32, ox: u32, left: i32, c: u32, inside: bool) -> vec4f {
  let ix = i32(ox * $STRIDE) + left;
  let v = vec4f(x[(above + u32(clamp(ix, 0, i32($W) - 1))) * $C4 + c]);
  return select(vec4f(0.0), v, inside && ix >= 0 && ix < i32($W) && ox < $OW);
}

@compute @workgroup_size({{S}}, 1, 1)
fn main(@builtin(workgroup_id) g: vec3u, @builtin({{lane}}) lane: u32) {
  let row = min(g.x * {{S}}u + lane, $ROWS - 1u);
  let tap = row / $C4;
  let c = row % $C4;
  let col = g.y * 4u;
  let top = i32(tap / $KW) - i32($PAD);
  let left = i32(tap % $KW) - i32($PAD);
  let last = $OW - 1u;
{{declare}}
  let end = min((g.z + 1u) * $LEN, $N * $OH);
  for (var r = g.z * $LEN; r < end; r++) {
    let iy = i32((r % $OH) * $STRIDE) + top;
    let inside = iy >= 0 && iy < i32($H);
    let above = ((r / $OH) * $H + u32(clamp(iy, 0, i32($H) - 1))) * $W;
    let line = r * $OW;
    for (var k = 0u; k < $OW; k += 4u) {
      let a0 = input(above, k, left, c, inside);
      let a1 = input(above, k + 1u, left, c, inside);
      let a2 = input(above, k + 2u, left, c, inside);
      let a3 = input(above, k + 3u, left, c, inside);
      let a = transpose(mat4x4f(a0, a1, a2, a3));
{{accumulate}}
    }
  }
  if (g.x * {{S}}u + lane >= $ROWS) { return; }
  let out = (g.z * $ROWS + row) * 4u * $N4 + col;
{{store}}
}
