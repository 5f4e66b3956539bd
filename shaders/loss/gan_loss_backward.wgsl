// dlogits = dloss * SCALE * slope for the logits of a range of images, zero outside it and in padded elements; strided.
// TypeScript (kernels/loss/gan_loss.ts) gives `slope`, a vec4f expression of v.

fn slope(v: vec4f) -> vec4f { return {{slope}}; }

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let k = dloss[0].x * $SCALE;
  for (var i = id.x; i < $TOTAL4; i += groups.x * 64u) {
    let inside = vec4u(0u, 1u, 2u, 3u) + 4u * (i % $C4) < vec4u($C);
    let d = select(vec4f(0.0), k * slope(vec4f(logits[i])), inside);
    dlogits[i] = dlogits_t(select(vec4f(0.0), d, i >= $FROM && i < $FROM + $N4));
  }
}
