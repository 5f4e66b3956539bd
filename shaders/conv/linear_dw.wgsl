// dw[k,m] = sum over the images n of x[n,k] * dy[n,m], in order; strided over the vec4s of dw.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $K * $M4; i += groups.x * 64u) {
    let k = i / $M4;
    let m = i % $M4;
    var s = vec4f(0.0);
    for (var n = 0u; n < $N; n++) { s += f32(x[n * $PITCH + k]) * vec4f(dy[n * $M4 + m]); }
    dw[i] = s;
  }
}
