// Each thread writes one vec4 of channels of one pixel of dx [N,PIXELS,C4]: dy [N,C4] of its image, divided by the number of pixels.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let row = {{row}};
  if (c >= $C4 || row >= $ROWS) { return; }
  dx[row * $C4 + c] = dx_t(vec4f(dy[row / $PIXELS * $C4 + c]) / f32($PIXELS));
}
