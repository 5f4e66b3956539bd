// Depthwise convolution: each thread computes one vec4 of channels of a strip, STRIP pixels of a row of y that lie DILATION apart; they
// read columns of x that lie DILATION apart too, and each is read once for a row of taps. Layouts: depthwise_conv.wgsl.
// PLACES: strips of y, STRIPS of a row. finish: shaders/parts/epilogue.wgsl.
//
// TypeScript (kernels/conv/depthwise_conv.ts) gives the text of
//   `declare`   declares s{p}: vec4f, the sum of pixel p of the strip
//   `weights`   declares w{k}: vec4f, the weights of a row of taps. Reads taps
//   `columns`   adds the products of each column. Reads line, ix, c; calls input
//   `store`     stores the sums. Reads row, ox, c; calls put

// Channels c of column ix of a row of x, zero outside. line: pixels of x before the row.
fn input(line: u32, ix: i32, c: u32) -> vec4f {
  let v = vec4f(x[(line + u32(clamp(ix, 0, i32($W) - 1))) * $C4 + c]);
  return select(vec4f(0.0), v, ix >= 0 && ix < i32($W));
}

// row: of y, counted over all images.
fn put(row: u32, ox: u32, c: u32, sum: vec4f) {
  if (ox < $OW) { y[(row * $OW + ox) * $C4 + c] = y_t(finish(sum, c)); }
}

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let place = {{row}};
  if (c >= $C4 || place >= $PLACES) { return; }
  let strip = place % $STRIPS;
  let row = place / $STRIPS;
  let ox = strip / $DILATION * ({{STRIP}}u * $DILATION) + strip % $DILATION;
  let ix = i32(ox * $STRIDE) - i32($LEFT);
  let top = i32(row % $OH * $STRIDE) - i32($TOP);
  let image = row / $OH * $H;
{{declare}}
  for (var ky = 0u; ky < $KH; ky++) {
    let iy = top + i32(ky * $DILATION);
    if (iy < 0 || iy >= i32($H)) { continue; }
    let line = (image + u32(iy)) * $W;
    let taps = ky * $KW * $C4 + c;
{{weights}}
{{columns}}
  }
{{store}}
}
