// What happens to a sum on its way out of a matrix product or a convolution: / sigma, + bias, activation. `co`: vec4 of the columns.

fn finish(sum: vec4f, co: u32) -> vec4f {
  var v = sum;
#if sigma
  v = v / f32(sigma[0].x);
#endif
#if bias
  v = v + vec4f(bias[co]);
#endif
  return {{act}};
}
