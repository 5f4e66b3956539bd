// Appended to matrix products and convolutions by kernels/parts/epilogue.ts: y = act(sum / sigma + bias).
// TypeScript gives: `act`, a vec4f expression of v (kernels/parts/activation_wgsl.ts); sigma and bias, whether they are bound.
// The kernel calls finish(sum, co), where co is the index of the vec4 of result columns (channels).

fn activate(v: vec4f) -> vec4f { return {{act}}; }

fn finish(sum: vec4f, co: u32) -> vec4f {
  var v = sum;
#if sigma
  v = v / f32(sigma[0].x);
#endif
#if bias
  v = v + vec4f(bias[co]);
#endif
  return activate(v);
}
