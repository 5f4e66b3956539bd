// A thread makes the UP x UP pixels of y of one pixel of x, one vec4 of channels. Lanes lie over channels. Every pixel reads its rows of the
// tables, and every address is multiplied out.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let row = id.y / $W;
  let px = id.y % $W;
  if (c >= $C4 || row >= $H) { return; }
  let v = (x[(row * $W + px) * $C4 + c] - mean[c]) * rstd[c];
  for (var i = 0u; i < {{UP}}u * {{UP}}u; i++) {
    let at = (row * {{UP}}u + i / {{UP}}u) * ($W * {{UP}}u) + px * {{UP}}u + i % {{UP}}u;
    let t = u32(ids[at]) * $C4 + c;
    let o = v * (1.0 + gamma[t]) + beta[t];
    y[at * $C4 + c] = select($SLOPE * o, o, o > vec4f(0.0));
  }
}
