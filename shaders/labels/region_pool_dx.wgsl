// dx of one vec4 of one pixel: the gradients of its regions' means, each over the region's pixels. A pixel has at most two regions (its
// label's, and the edges'); a number below zero stands for none.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let p = {{row}};
  if (c >= $C4 || p >= $PIXELS) { return; }
  var s = vec4f(0.0);
  for (var i = 2u * p; i < 2u * p + 2u; i++) {
    let region = regions[i];
    if (region >= 0) { s += dy[u32(region) * $C4 + c] * scale[region]; }
  }
  dx[p * $C4 + c] = dx_t(s);
}
