// Each thread has a strip of LEN pixels of x and one vec4 of channels, and reads the UP x UP pixels of dy of each. Constants: `dx`, write
// dx; BASE and `factors` as in modulate.wgsl; `moments`, write what the strip adds to dmean and drstd as one row of moments (sum of dxn, sum of dxn * (x - mean)).

const NO_ROW = -1;

// The row of the tables that pixels of one row of dy read, kept while the id stays the same. shift only where there is an activation.
struct TableRow { id: i32, scale: vec4f, shift: vec4f }

// What pixel p of dy adds to dxn, where v is the normalised x.
fn share(p: u32, c: u32, v: vec4f, row: ptr<function, TableRow>) -> vec4f {
  let id = ids[p];
  if (id != (*row).id) {
    (*row).id = id;
    (*row).scale = {{BASE}} + vec4f(gamma[u32(id) * $C4 + c]);
#if leaky
    (*row).shift = vec4f(beta[u32(id) * $C4 + c]);
#endif
  }
#if factors
  let f = 1.0 + vec4f(factors[p]);
  let scale = (*row).scale * f.x;
  let shift = (*row).shift * f.y;
#else
  let scale = (*row).scale;
  let shift = (*row).shift;
#endif
  let d = vec4f(dy[p * $C4 + c]) * scale;
#if leaky
  return select($SLOPE * d, d, v * scale + shift > vec4f(0.0));
#else
  return d;
#endif
}

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let strips = ($W + {{LEN}}u - 1u) / {{LEN}}u;
  let strip = {{row}};
  let row = strip / strips;
  if (c >= $C4 || row >= $ROWS) { return; }
  let first = (strip % strips) * {{LEN}}u;
  let g = select(0u, row / $H, $GROUPS > 1u) * $C4 + c;
  let m = mean[g];
  let r = rstd[g];
  let start = (row * $W + first) * $C4 + c;
  let end = start + min({{LEN}}u, $W - first) * $C4;
  var pixel = row * {{UP}}u * $W * {{UP}}u + first * {{UP}}u;
  var upper = TableRow(NO_ROW, vec4f(0.0), vec4f(0.0));
#if double
  var lower = TableRow(NO_ROW, vec4f(0.0), vec4f(0.0));
#endif
  var sum = vec4f(0.0);
  var product = vec4f(0.0);
  for (var at = start; at < end; at += $C4) {
    let d = vec4f(x[at]) - m;
    let v = d * r;
    var e = vec4f(0.0);
    e += share(pixel, c, v, &upper);
#if double
    let below = pixel + $W * 2u;
    e += share(pixel + 1u, c, v, &upper);
    e += share(below, c, v, &lower);
    e += share(below + 1u, c, v, &lower);
#endif
#if dx
    dx[at] = dx_t(e * r);
#endif
    sum += e;
    product += e * d;
    pixel += {{UP}}u;
  }
#if moments
  moments[strip * 2u * $C4 + c] = sum;
  moments[(strip * 2u + 1u) * $C4 + c] = product;
#endif
}
