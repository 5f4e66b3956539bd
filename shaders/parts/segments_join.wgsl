// Rows of y whose segments were cut: the sums of their parts' sums, in order. The thread of a segment's first part adds all of them
// (part.w is their number, 0 for a part that is not the first). Sizes: `Join` in kernels/parts/segments.ts.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let first = {{row}};
  if (c >= $C4 || first >= u32(parts[0].x)) { return; }
  let part = parts[1u + first];
  let row = u32(part.z) - $FIRST;
  if (part.w == 0 || row >= $COUNT) { return; }
  var s = vec4f(0.0);
  for (var k = 0u; k < u32(part.w); k++) { s += sums[((first + k) * $STRIDE + $OFFSET) * $C4 + c]; }
  y[row * $C4 + $TO + c] = s;
}
