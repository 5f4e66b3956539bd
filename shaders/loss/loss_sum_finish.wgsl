// One workgroup: thread t sums the shares t, t + 64, ..., then thread 0 the 64 sums, in order.

var<workgroup> sums: array<f32, 64>;

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(local_invocation_index) t: u32) {
  var s = 0.0;
  for (var i = t; i < $N; i += 64u) { s += shares[i]; }
  sums[t] = s;
  workgroupBarrier();
  if (t == 0u) {
    var sum = 0.0;
    for (var k = 0u; k < 64u; k++) { sum += sums[k]; }
    loss[0] = vec4f(sum * $SCALE, 0.0, 0.0, 0.0);
  }
}
