// Weight gradient, stage 1 of 2: a slice's sum over its LEN rows of results, dw[tap][ci][co] = sum of x[pixel * stride + tap][ci] * dz[pixel][co].
// Lane = one tap's vec4 of input channels; 16 output channels stay in its registers. Four pixels a step. parts [slice][tap][Cin][CO4].

#if subgroups
enable subgroups;
#endif

@compute @workgroup_size({{S}}, 1, 1)
fn main(@builtin(workgroup_id) g: vec3u, @builtin({{lane}}) lane: u32) {
  let row = min(g.x * {{S}}u + lane, $ROWS - 1u);
  let tap = row / $C4;
  let c = row % $C4;
  let col = g.y * 4u;
  let top = i32(tap / $KW) - i32($PAD);
  let left = i32(tap % $KW) - i32($PAD);
{{declare}}
  let end = min((g.z + 1u) * $LEN, $N * $OH);
  for (var r = g.z * $LEN; r < end; r++) {
    let iy = i32((r % $OH) * $STRIDE) + top;
    let inside = iy >= 0 && iy < i32($H);
    let line = ((r / $OH) * $H + u32(clamp(iy, 0, i32($H) - 1))) * $W;
    let start = r * $OW;
    for (var ox = 0u; ox < $OW; ox += 4u) {
{{pixels}}
{{accumulate}}
    }
  }
  if (g.x * {{S}}u + lane >= $ROWS) { return; }
  let out = (g.z * $ROWS + row) * 4u * $CO4 + col;
{{store}}
}
