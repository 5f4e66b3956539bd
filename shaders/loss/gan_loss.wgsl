// First stage of gan_loss: thread t sums the losses of its share of the logits of a range of images; strided. Padded elements are no
// logits and do not count. TypeScript (kernels/loss/gan_loss.ts) gives `value`, a vec4f expression of v.

fn loss(v: vec4f) -> vec4f { return {{value}}; }

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  var s = vec4f(0.0);
  for (var i = id.x; i < $N4; i += groups.x * 64u) {
    let inside = vec4u(0u, 1u, 2u, 3u) + 4u * (i % $C4) < vec4u($C);
    s += select(vec4f(0.0), loss(vec4f(logits[$FROM + i])), inside);
  }
  shares[id.x] = s.x + s.y + s.z + s.w;
}
