// A thread takes a strip of {{LEN}} pixels of x and one vec4 of channels, and the UP x UP pixels of dy of each. What it would add to the
// gradients of mean and 1/std it leaves as one row of `moments`. Table rows are read where the id changes, in each row of dy by itself.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let strips = ($W + {{LEN}}u - 1u) / {{LEN}}u;
  let strip = id.y + id.z * $YSPAN;
  let row = strip / strips;
  if (c >= $C4 || row >= $ROWS) { return; }
  let first = (strip % strips) * {{LEN}}u;
  let g = select(0u, row / $H, $GROUPS > 1u) * $C4 + c;
  let m = mean[g];
  let r = rstd[g];
  let start = (row * $W + first) * $C4 + c;
  let end = start + min({{LEN}}u, $W - first) * $C4;
  var pixel = row * {{UP}}u * $W * {{UP}}u + first * {{UP}}u;
{{declare}}
  var sum = vec4f(0.0);
  var lean = vec4f(0.0);
  for (var at = start; at < end; at += $C4) {
    let d = vec4f(x[at]) - m;
    let v = d * r;
    var e = vec4f(0.0);
{{pixels}}
#if dx
    dx[at] = dx_t(e * r);
#endif
    sum += e;
    lean += e * d;
    pixel += {{UP}}u;
  }
#if moments
  moments[strip * 2u * $C4 + c] = sum;
  moments[(strip * 2u + 1u) * $C4 + c] = lean;
#endif
}
