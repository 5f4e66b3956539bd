// Each thread has one pixel of y: the sums over its channels of dz * (what its factors multiply), dz before the activation. Constants:
// BASE as in modulate.wgsl; `leaky`, there is an activation. Padded channels hold zeros. The images are stacked vertically.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var p = id.x; p < $N; p += groups.x * 64u) {
    let row = p / ($W * {{UP}}u);
    let start = ((row / {{UP}}u) * $W + (p % ($W * {{UP}}u)) / {{UP}}u) * $C4;
    let g = select(0u, row / ($H * {{UP}}u), $GROUPS > 1u) * $C4;
    let table = u32(ids[p]) * $C4;
    let f = 1.0 + vec4f(factors[p]);
    var d = vec2f(0.0);
    for (var c = 0u; c < $C4; c++) {
      let v = (vec4f(x[start + c]) - mean[g + c]) * rstd[g + c] * ({{BASE}} + vec4f(gamma[table + c]));
      let b = vec4f(beta[table + c]);
      var e = vec4f(dy[p * $C4 + c]);
#if leaky
      e = select($SLOPE * e, e, v * f.x + b * f.y > vec4f(0.0));
#endif
      d += vec2f(dot(e, v), dot(e, b));
    }
    dfactors[p] = dfactors_t(vec4f(d, 0.0, 0.0));
  }
}
