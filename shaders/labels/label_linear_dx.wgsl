// dx[n,J,k] = sum over m of dz[n,J,m] * w[k,m]. Each thread computes one k of one picture; those beyond K are padding, and zero. dz is dy
// where y is above zero.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let k = id.x;
  if (k >= $PITCH) { return; }
  let row = id.y * $S + $J;
  var s = 0.0;
  if (k < $K) {
    for (var m = 0u; m < $M4; m++) {
      let at = (1u + row) * $M4 + m;
      let dz = select(vec4f(0.0), vec4f(dy[at]), vec4f(y[at]) > vec4f(0.0));
      s += dot(dz, vec4f(w[k * $M4 + m]));
    }
  }
  dx[row * $PITCH + k] = s;
}
