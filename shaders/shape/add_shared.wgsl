// y = leaky(x + shared), strided; `shared_part` starts again after its last image.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    let v = vec4f(x[i]) + vec4f(shared_part[i % $SHARED4]);
    y[i] = y_t(select($SLOPE * v, v, v > vec4f(0.0)));
  }
}
