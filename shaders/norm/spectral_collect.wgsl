// One workgroup. Thread t adds the PARTS partial products of the vec4s t, t + 64, ... and writes the dot product of these sums with
// themselves (constant `norm`: a share of their squared norm) or with u (a share of sigma).

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let parts = min($PARTS, arrayLength(&products));
  var share = 0.0;
  for (var i = id.x; i < $N4; i += 64u) {
    var s = vec4f(0.0);
    for (var p = 0u; p < parts; p++) { s += products[p * $N4 + i]; }
#if norm
    sums[i] = s;
    share += dot(s, s);
#else
    share += dot(s, u[i]);
#endif
  }
  shares[id.x] = share;
}
