// Weight gradient, first stage: each slice's sum over its LEN rows of results (N * OH in all), one step for each result:
//   dw[tap][ci][co] = sum of x[pixel * STRIDE + tap - PAD][ci] * dz[pixel][co]
// Each lane has one tap's vec4 of input channels, a row of ROWS; b is dz. parts [slice][tap][Cin][N4].
// Generated text, column_of, column, product, put: weight_gradient_columns.wgsl.

#if subgroups
enable subgroups;
#endif

// A vec4 of the row of x that begins at `first`; zero for one before the row (whose number has wrapped) or from `end` on.
fn input(first: u32, at: u32, end: u32) -> vec4f {
  return select(vec4f(0.0), vec4f(x[first + min(at, $W * $C4 - 1u)]), at < end);
}

@compute @workgroup_size({{S}}, 1, 1)
fn main(@builtin(workgroup_id) g: vec3u, @builtin({{lane}}) lane: u32) {
  let row = min(g.x * {{S}}u + lane, $ROWS - 1u);
  let tap = row / $C4;
  let c = row % $C4;
  let col = g.y * {{QUADS}}u;
  let top = i32(tap / $KW) - i32($PAD);
  let left = i32(tap % $KW) - i32($PAD);
  let last = $OW - 1u;
  // What the first result of a row reads of a row of x, the step to the next result's, and where those of the results end.
  let start = u32(left * i32($C4)) + c;
  let step = $STRIDE * $C4;
  let stop = u32(clamp(i32(last * $STRIDE) + left + 1, 0, i32($W))) * $C4;
{{declare}}
  let end = min((g.z + 1u) * $LEN, $N * $OH);
  var n = g.z * $LEN / $OH;
  var oy = g.z * $LEN % $OH;
  for (var r = g.z * $LEN; r < end; r++) {
    let iy = i32(oy * $STRIDE) + top;
    let inside = iy >= 0 && iy < i32($H);
    let first = (n * $H + u32(clamp(iy, 0, i32($H) - 1))) * $W * $C4;
    let line = r * $OW * $N4;
    let beyond = select(0u, stop, inside);
    for (var k = 0u; k < $OW; k += 4u) {
      let at = start + k * step;
      let a0 = input(first, at, beyond);
      let a1 = input(first, at + step, beyond);
      let a2 = input(first, at + 2u * step, beyond);
      let a3 = input(first, at + 3u * step, beyond);
      let a = transpose(mat4x4f(a0, a1, a2, a3));
{{accumulate}}
    }
    oy++;
    n += select(0u, 1u, oy == $OH);
    oy = select(oy, 0u, oy == $OH);
  }
  if (g.x * {{S}}u + lane >= $ROWS) { return; }
  let out = (g.z * $ROWS + row) * 4u * $N4 + col;
{{store}}
}
