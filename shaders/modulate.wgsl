// A thread makes {{LEN}} pixels of x times UP*UP pixels of y, one vec4 of channels: x, mean and rstd are read once for UP*UP results.
// Lanes lie over channels, so that the lanes of a pixel read one id and neighbouring vec4 of one table row.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let strips = ($W + {{LEN}}u - 1u) / {{LEN}}u;
  let row = id.y / strips;
  if (c >= $C4 || row >= $ROWS) { return; }
  let first = (id.y % strips) * {{LEN}}u;
  let end = min(first + {{LEN}}u, $W);
  let g = select(0u, row / $H, $GROUPS > 1u) * $C4 + c;
  let m = mean[g];
  let r = rstd[g];
  // Row `row` of x is rows UP*row .. of y: images lie one under the other in both.
  for (var px = first; px < end; px++) {
    let v = (vec4f(x[(row * $W + px) * $C4 + c]) - m) * r;
    for (var i = 0u; i < {{UP}}u * {{UP}}u; i++) {
      let at = (row * {{UP}}u + i / {{UP}}u) * ($W * {{UP}}u) + px * {{UP}}u + i % {{UP}}u;
      let t = u32(ids[at]) * $C4 + c;
      let o = v * (1.0 + vec4f(gamma[t])) + vec4f(beta[t]);
#if leaky
      y[at * $C4 + c] = y_t(select(bitcast<f32>($SLOPE) * o, o, o > vec4f(0.0)));
#else
      y[at * $C4 + c] = y_t(o);
#endif
    }
  }
}
