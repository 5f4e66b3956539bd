// y = x + plane * v. Each thread computes a strip of a row of y, LEN pixels of x times UP, one vec4 of channels. The images of x and of y
// are stacked vertically: ROWS rows of x in all.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let strips = ($W + {{LEN}}u - 1u) / {{LEN}}u;
  let strip = {{row}};
  let row = strip / strips;
  if (c >= $C4 || row >= $ROWS * {{UP}}u) { return; }
  let first = (strip % strips) * {{LEN}}u;
  let start = ((row / {{UP}}u) * $W + first) * $C4 + c;
  let end = start + min({{LEN}}u, $W - first) * $C4;
  var pixel = (row * $W + first) * {{UP}}u;
  let factor = v[c];
  for (var at = start; at < end; at += $C4) {
    for (var p = 0u; p < {{UP}}u; p++) {
      y[pixel * $C4 + c] = y_t(vec4f(x[at]) + plane[pixel] * factor);
      pixel += 1u;
    }
  }
}
