// da = dloss * SCALE * sign(a - b) inside the range, zero outside; strided.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let k = dloss[0].x * $SCALE;
  for (var i = id.x; i < $TOTAL4; i += groups.x * 64u) {
    let inside = i >= $AFROM && i < $AFROM + $N4;
    let at = select($AFROM, i, inside);
    let d = sign(vec4f(a[at]) - vec4f(b[at - $AFROM + $BFROM]));
    da[i] = da_t(select(vec4f(0.0), k * d, inside));
  }
}
