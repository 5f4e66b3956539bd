// Appended to convolutions, after epilogue.wgsl: finish, + the residual of the pixel (n, oy, ox), channels co.
// Constant `residual`: there is one. Then the kernel has the sizes OH, OW, CO4 (the result's) and RUP: 1 if the residual has half the
// result's height and width and is read through its nearest x2 upsampling, else 0.

fn finish_at(sum: vec4f, n: u32, oy: u32, ox: u32, co: u32) -> vec4f {
  let v = finish(sum, co);
#if residual
  return v + vec4f(residual[((n * ($OH >> $RUP) + (oy >> $RUP)) * ($OW >> $RUP) + (ox >> $RUP)) * $CO4 + co]);
#else
  return v;
#endif
}
