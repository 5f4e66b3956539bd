// A thread sums dz and dz * xn over the pixels of one row of the tables, one vec4 of channels: gamma and beta are read once, pixels as
// the row's list names them (row * 65536 + column). A cut row's parts are summed by the same text (`parts`), joined by segments_join.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  let to = id.y + id.z * $YSPAN;
#if parts
  if (c >= $C4 || to >= u32(parts[0].x)) { return; }
  let part = parts[1u + to];
  let start = u32(part.x);
  let end = u32(part.y);
  let row = u32(part.z) - 2u;
#else
  let row = to;
  if (c >= $C4 || row >= $TABLE || row >= u32(rows[0])) { return; }
  let length = rows[2u * row + 5u];
  if (length < 0) { return; }
  let start = u32(rows[2u * row + 4u]);
  let end = start + u32(length);
#endif
#if leaky
  let scale = 1.0 + vec4f(gamma[row * $C4 + c]);
  let shift = vec4f(beta[row * $C4 + c]);
#endif
  var m = mean[c];
  var r = rstd[c];
  var sum = vec4f(0.0);
  var lean = vec4f(0.0);
  for (var i = start; i < end; i++) {
    let at = u32(order[i]);
    let py = at >> 16u;
    let px = at & 65535u;
#if grouped
    let g = py / ($H * {{UP}}u) * $C4 + c;
    m = mean[g];
    r = rstd[g];
#endif
    let v = (vec4f(x[((py / {{UP}}u) * $W + px / {{UP}}u) * $C4 + c]) - m) * r;
    var e = vec4f(dy[(py * $W * {{UP}}u + px) * $C4 + c]);
#if leaky
    e = select($SLOPE * e, e, v * scale + shift > vec4f(0.0));
#endif
    sum += e;
    lean += e * v;
  }
#if parts
  sums[to * 2u * $C4 + c] = sum;
  sums[(to * 2u + 1u) * $C4 + c] = lean;
#else
  dbeta[row * $C4 + c] = sum;
  dgamma[row * $C4 + c] = lean;
#endif
}
