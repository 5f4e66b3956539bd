// One workgroup. Thread t sums the PARTS products of the vec4 t, t + 64, ... and notes its share of sum * other
// (other: the sums themselves for a norm, u for sigma).

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
