// The epilogue of a convolution's pixel (n, oy, ox): finish, + residual. RUP = 1: the residual is half as large and read as its nearest x2
// upsampling.

fn finish_at(sum: vec4f, n: u32, oy: u32, ox: u32, co: u32) -> vec4f {
  let v = finish(sum, co);
#if residual
  return v + vec4f(residual[((n * ($OH >> $RUP) + (oy >> $RUP)) * ($OW >> $RUP) + (ox >> $RUP)) * $CO4 + co]);
#else
  return v;
#endif
}
