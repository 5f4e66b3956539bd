// Each thread sums dz and dz * (x - mean) of one vec4 of channels over one slice of a group's pixels.
// Slice, slice_of: statistics_slice.wgsl.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let slice = slice_of(id.x + id.z * groups.x * 64u);
  if (!slice.live) { return; }
  let c = slice.c;
  let at = (slice.group * $PIXELS + slice.start) * $C4 + c;
  let m = mean[slice.group * $C4 + c];
  let r = rstd[slice.group * $C4 + c];
  var sum = vec4f(0.0);
  var product = vec4f(0.0);
  for (var i = 0u; i < slice.pixels; i++) {
    let v = vec4f(x[at + i * $C4]) - m;
    var o = v * r;
#if affine
    o = o * weight[c] + bias[c];
#endif
    let d = vec4f(dy[at + i * $C4]);
    let dz = select($SLOPE * d, d, o > vec4f(0.0));
    sum += dz;
    product += dz * v;
  }
  sums[slice.number * $C4 + c] = sum;
  products[slice.number * $C4 + c] = product;
}
