// Each thread sums dz and dz * xn over the pixels of one row of the tables, one vec4 of channels: gamma and beta are read once, the
// pixels in the order of the row's list. Constants: `parts`, the sums are those of parts of cut rows, which segments_join adds; `leaky`,
// there is an activation; BASE and `factors` as in modulate.wgsl; `grouped`, each image has its own statistics. The images of x and dy are stacked vertically. segment:
// shaders/parts/segments_range.wgsl.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let to = {{row}};
  let list = segment(to);
  if (c >= $C4 || !list.live) { return; }
  let row = list.row;
#if leaky
  let scale = {{BASE}} + vec4f(gamma[row * $C4 + c]);
  let shift = vec4f(beta[row * $C4 + c]);
#endif
  var m = mean[c];
  var r = rstd[c];
  var sum = vec4f(0.0);
  var product = vec4f(0.0);
  for (var i = list.start; i < list.end; i++) {
    let at = u32(order[i]);
    let py = at >> {{PIXEL_ROW_SHIFT}}u;
    let px = at & ((1u << {{PIXEL_ROW_SHIFT}}u) - 1u);
#if grouped
    let g = py / ($H * {{UP}}u) * $C4 + c;
    m = mean[g];
    r = rstd[g];
#endif
    let v = (vec4f(x[((py / {{UP}}u) * $W + px / {{UP}}u) * $C4 + c]) - m) * r;
    var e = vec4f(dy[(py * $W * {{UP}}u + px) * $C4 + c]);
#if factors
    let f = 1.0 + vec4f(factors[py * $W * {{UP}}u + px]);
#if leaky
    e = select($SLOPE * e, e, v * (scale * f.x) + shift * f.y > vec4f(0.0));
#endif
    sum += e * f.y;
    product += e * v * f.x;
#else
#if leaky
    e = select($SLOPE * e, e, v * scale + shift > vec4f(0.0));
#endif
    sum += e;
    product += e * v;
#endif
  }
#if parts
  sums[to * 2u * $C4 + c] = sum;
  sums[(to * 2u + 1u) * $C4 + c] = product;
#else
  dbeta[row * $C4 + c] = sum;
  dgamma[row * $C4 + c] = product;
#endif
}
