// A thread adds one value of x to its row of y. WebGPU has atomics of integers only: the sum is computed on the bits that were read, and
// written if they are still there; otherwise it starts over.

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> ids: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<atomic<u32>>;
override C: u32;
override N: u32;

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if (i >= N) { return; }
  let at = u32(ids[i / C]) * C + i % C;
  var old = atomicLoad(&y[at]);
  loop {
    let result = atomicCompareExchangeWeak(&y[at], old, bitcast<u32>(bitcast<f32>(old) + x[i]));
    if (result.exchanged) { break; }
    old = result.old_value;
  }
}
