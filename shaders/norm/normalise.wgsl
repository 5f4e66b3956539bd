// y of one vec4 of one pixel a step; strided. Constant `affine`: there are weight and bias. PIXELS: of a group.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    let c = i % $C4;
    let g = select(0u, i / ($PIXELS * $C4) * $C4, $GROUPS > 1u) + c;
    var o = (vec4f(x[i]) - mean[g]) * rstd[g];
#if affine
    o = o * weight[c] + bias[c];
#endif
    y[i] = y_t(select($SLOPE * o, o, o > vec4f(0.0)));
  }
}
