// Weight gradient of a depthwise convolution, first stage: each thread sums x * dz for one vec4 of channels of one tap over the LEN results
// of a slice. x [N,H,W,C4], dz [N,OH,OW,C4] (PIXELS of them), parts [slice][tap][C4]. PLACES: slices times taps.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let place = {{row}};
  if (c >= $C4 || place >= $PLACES) { return; }
  let tap = place % ($KH * $KW);
  let start = place / ($KH * $KW) * $LEN;
  let top = i32(tap / $KW * $DILATION) - i32($TOP);
  let left = i32(tap % $KW * $DILATION) - i32($LEFT);
  var s = vec4f(0.0);
  for (var p = start; p < min(start + $LEN, $PIXELS); p++) {
    let iy = i32((p / $OW) % $OH * $STRIDE) + top;
    let ix = i32(p % $OW * $STRIDE) + left;
    if (iy < 0 || iy >= i32($H) || ix < 0 || ix >= i32($W)) { continue; }
    s += vec4f(x[((p / ($OW * $OH) * $H + u32(iy)) * $W + u32(ix)) * $C4 + c]) * vec4f(dz[p * $C4 + c]);
  }
  parts[place * $C4 + c] = s;
}
