// dw[k,m] = sum over the pictures n of x[n,J,k] * dz[n,J,m], strided; dbias[m] = sum of dz[n,J,m]. dz is dy where y is above zero.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $K * $M4; i += groups.x * 64u) {
    let k = i / $M4;
    let m = i % $M4;
    var s = vec4f(0.0);
    var b = vec4f(0.0);
    for (var n = 0u; n < $N; n++) {
      let row = n * $S + $J;
      let at = (1u + row) * $M4 + m;
      let dz = select(vec4f(0.0), vec4f(dy[at]), vec4f(y[at]) > vec4f(0.0));
      s += x[row * $PITCH + k] * dz;
      b += dz;
    }
    dw[i] = s;
    if (k == 0u) { dbias[m] = b; }
  }
}
