// dx = dmean / P + (x - mean) * (2 * dvariance - rstd^3 * drstd) / P, for LEN pixels of one vec4 of channels a thread. Constants dmean,
// drstd, dvariance: which of these gradients there are.
// Constant joined: P is that of all peers; SHARE is x's own values per value that the norm counts; rstd is constant up to a variance of EPS.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let first = {{row}} * {{LEN}}u;
  if (c >= $C4 || first >= $PIXELS * $GROUPS) { return; }
  let end = min(first + {{LEN}}u, $PIXELS * $GROUPS);
  for (var p = first; p < end;) {
    // A strip may reach into the next group.
    let group = select(0u, p / $PIXELS, $GROUPS > 1u);
    let stop = min(end, (group + 1u) * $PIXELS);
    let g = group * $C4 + c;
    let m = mean[g];
#if joined
    let n = joined[c] * $SHARE;
#else
    let n = f32($PIXELS);
#endif
    var shift = vec4f(0.0);
    var scale = vec4f(0.0);
#if dmean
    shift = dmean[g] / n;
#endif
#if drstd
    let r = rstd[g];
    let d = drstd[g] * r * r * r / n;
#if joined
    scale -= select(vec4f(0.0), d, joined[2u * $C4 + c] / joined[c] > vec4f($EPS));
#else
    scale -= d;
#endif
#endif
#if dvariance
    scale += dvariance[g] * 2.0 / n;
#endif
    for (; p < stop; p++) {
      let at = p * $C4 + c;
      dx[at] = dx_t(shift + (vec4f(x[at]) - m) * scale);
    }
  }
}
