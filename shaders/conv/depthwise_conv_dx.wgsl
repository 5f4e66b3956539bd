// Data gradient of a depthwise convolution, a gather: each thread computes one vec4 of channels of one pixel of dx, from the pixels of dz
// that read it. dz [N,OH,OW,C4], w [tap][C4], dx [N,H,W,C4]. PLACES: pixels of dx.

// The result that reads the place `at` (with the padding) by the tap k, or -1 if there is none.
fn reader(at: u32, k: u32, size: u32) -> i32 {
  let first = i32(at) - i32(k * $DILATION);
  let o = first / i32($STRIDE);
  return select(-1, o, first >= 0 && first % i32($STRIDE) == 0 && o < i32(size));
}

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let p = {{row}};
  if (c >= $C4 || p >= $PLACES) { return; }
  let y = (p / $W) % $H + $TOP;
  let x = p % $W + $LEFT;
  let image = p / ($W * $H) * $OH;
  var s = vec4f(0.0);
  for (var ky = 0u; ky < $KH; ky++) {
    let oy = reader(y, ky, $OH);
    if (oy < 0) { continue; }
    for (var kx = 0u; kx < $KW; kx++) {
      let ox = reader(x, kx, $OW);
      if (ox < 0) { continue; }
      s += vec4f(dz[((image + u32(oy)) * $OW + u32(ox)) * $C4 + c]) * vec4f(w[(ky * $KW + kx) * $C4 + c]);
    }
  }
  dx[p * $C4 + c] = dx_t(s);
}
