// What happens to a sum on its way out of a GEMM: / sigma, + bias, activation.

fn finish(sum: vec4f, col: u32) -> vec4f {
  var v = sum;
#if sigma
  v = v / f32(sigma[0].x);
#endif
#if bias
  v = v + vec4f(bias[col]);
#endif
  return {{act}};
}
