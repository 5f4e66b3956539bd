// First stage: each thread sums one vec4 of channels over the LEN pixels of a slice of an image. x [N,PIXELS,C4], parts [N,SLICES,C4].

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let row = {{row}};
  if (c >= $C4 || row >= $ROWS) { return; }
  let image = row / $SLICES * $PIXELS;
  let start = row % $SLICES * $LEN;
  var s = vec4f(0.0);
  for (var p = start; p < min(start + $LEN, $PIXELS); p++) { s += vec4f(x[(image + p) * $C4 + c]); }
  parts[row * $C4 + c] = s;
}
