// Thread t checks the vec4s t, t + THREADS, ... and sets its flag if all exponent bits of a number are set. Constant `first`: start from
// 0.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
#if first
  var flag = 0.0;
#else
  var flag = flags[id.x];
#endif
  for (var i = id.x; i < $N4; i += {{THREADS}}u) {
    let exponent = bitcast<vec4u>(vec4f(x[i])) & vec4u(0x7f800000u);
    if (any(exponent == vec4u(0x7f800000u))) { flag = 1.0; }
  }
  flags[id.x] = flag;
}
