// What happens to a convolution's sum on its way out: / sigma, + bias, activation, + residual.

fn finish(sum: vec4f, n: u32, oy: u32, ox: u32, co: u32) -> vec4f {
  var v = sum;
#if sigma
  v = v / f32(sigma[0].x);
#endif
#if bias
  v = v + vec4f(bias[co]);
#endif
  v = {{act}};
#if residual
  // RUP = 1: the residual is half as large and read as its nearest x2 upsampling.
  v = v + vec4f(residual[((n * ($OH >> $RUP) + (oy >> $RUP)) * ($OW >> $RUP) + (ox >> $RUP)) * $CO4 + co]);
#endif
  return v;
}
