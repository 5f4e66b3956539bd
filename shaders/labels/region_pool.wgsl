// y = sums * scale[row]: each thread scales one vec4 of one region's sum.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let row = {{row}};
  if (c >= $C4 || row >= $ROWS) { return; }
  y[row * $C4 + c] = sums[row * $C4 + c] * scale[row];
}
