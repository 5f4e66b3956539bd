// dx = dz * weight * rstd, dz = dy * (o > 0 ? 1 : slope), where o is computed as in the forward; strided.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    let c = i % $C4;
    let g = select(0u, i / ($PIXELS * $C4) * $C4, $GROUPS > 1u) + c;
    var o = (vec4f(x[i]) - mean[g]) * rstd[g];
    var scale = rstd[g];
#if affine
    o = o * weight[c] + bias[c];
    scale = scale * weight[c];
#endif
    let d = vec4f(dy[i]);
    dx[i] = dx_t(select($SLOPE * d, d, o > vec4f(0.0)) * scale);
  }
}
