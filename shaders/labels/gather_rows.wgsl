// Each thread copies one vec4 of one pixel.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let p = {{row}};
  if (c >= $C4 || p >= $PIXELS) { return; }
  y[p * $C4 + c] = table[u32(ids[p]) * $C4 + c];
}
