// Each thread adds the slices of one vec4 of channels, group by group, in order. Constant `affine`: also the gradients of weight and
// bias. The loops' bounds are ones that the compiler does not know, so that it does not unroll them.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= $C4) { return; }
  let slices = min($SLICES, arrayLength(&sums));
  let groups = min($GROUPS, arrayLength(&sums));
#if affine
  let w = weight[c];
  var dw = vec4f(0.0);
  var db = vec4f(0.0);
#else
  let w = vec4f(1.0);
#endif
  for (var g = 0u; g < groups; g++) {
    var sum = vec4f(0.0);
    var product = vec4f(0.0);
    for (var s = 0u; s < slices; s++) {
      sum += sums[(g * $SLICES + s) * $C4 + c];
      product += products[(g * $SLICES + s) * $C4 + c];
    }
    let r = rstd[g * $C4 + c];
    dmean[g * $C4 + c] = -w * r * sum;
    drstd[g * $C4 + c] = w * product;
#if affine
    dw += r * product;
    db += sum;
#endif
  }
#if affine
  dweight[c] = dw;
  dbias[c] = db;
#endif
}
