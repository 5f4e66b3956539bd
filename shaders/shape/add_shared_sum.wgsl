// dshared = sum of dy * (y > 0 ? 1 : slope) over the images that read a vec4 of shared, in order; strided over shared.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $SHARED4; i += groups.x * 64u) {
    var s = vec4f(0.0);
    for (var at = i; at < $N4; at += $SHARED4) {
      let d = vec4f(dy[at]);
      s += select($SLOPE * d, d, vec4f(y[at]) > vec4f(0.0));
    }
    dshared[i] = dshared_t(s);
  }
}
