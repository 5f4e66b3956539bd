// Each thread computes a strip of a row of y, LEN pixels of x times UP, one vec4 of channels. It reads a row of the tables only where
// the id changes: along a line of a real label map most ids equal the one before. Addresses are stepped, not multiplied out. The
// images of x and of y are stacked vertically: ROWS rows of x in all. Constants: BASE, what is added to gamma; `factors`, each pixel of y
// has two factors. With a list of strips (shaders/parts/extent.wgsl) it computes those.

const NO_ROW = -1;

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let strips = ($W + {{LEN}}u - 1u) / {{LEN}}u;
  let strip = part_at({{row}}, $ROWS * {{UP}}u * strips);
  let row = strip / strips;
  if (c >= $C4 || row >= $ROWS * {{UP}}u) { return; }
  let first = (strip % strips) * {{LEN}}u;
  let g = select(0u, row / ($H * {{UP}}u), $GROUPS > 1u) * $C4 + c;
  let m = mean[g];
  let r = rstd[g];
  let start = ((row / {{UP}}u) * $W + first) * $C4 + c;
  let end = start + min({{LEN}}u, $W - first) * $C4;
  var pixel = (row * $W + first) * {{UP}}u;
  var to = pixel * $C4 + c;
  var last = NO_ROW;
  var scale = vec4f(0.0);
  var shift = vec4f(0.0);
  for (var at = start; at < end; at += $C4) {
    let v = (vec4f(x[at]) - m) * r;
    for (var p = 0u; p < {{UP}}u; p++) {
      let k = ids[pixel];
      if (k != last) {
        last = k;
        scale = {{BASE}} + vec4f(gamma[u32(k) * $C4 + c]);
        shift = vec4f(beta[u32(k) * $C4 + c]);
      }
#if factors
      let f = 1.0 + vec4f(factors[pixel]);
      let o = v * (scale * f.x) + shift * f.y;
#else
      let o = v * scale + shift;
#endif
#if leaky
      y[to] = y_t(select($SLOPE * o, o, o > vec4f(0.0)));
#else
      y[to] = y_t(o);
#endif
      pixel += 1u;
      to += $C4;
    }
  }
}
