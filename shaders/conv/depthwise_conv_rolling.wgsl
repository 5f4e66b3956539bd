// Depthwise convolution: each thread computes one vec4 of channels of a tile, STRIP pixels wide and up to TALL high, whose pixels lie DILATION
// apart, as do the pixels of x that they read. It goes down the rows of x and keeps the sums of the rows of y that are not complete, so it reads
// each pixel of x and each weight once. Layouts: depthwise_conv.wgsl.
// PLACES: tiles of y, STRIPS in a row, TILES rows of them. activate, bias: shaders/parts/epilogue.wgsl.
//
// TypeScript (kernels/conv/depthwise_conv.ts) gives ACTIVE, the rows of y to whose sums a row of x adds, and the text of
//   `weights`   declares w{ky}_{kx}: vec4f. Reads c
//   `declare`   declares s{a}_{p}: vec4f, the sum of pixel p in the row of y that began a rows ago. Reads start
//   `rows`      adds the products of STRIDE rows of x. Reads t, top, image, ix, c; calls input
//   `store`     stores the row that is complete. Reads row, ox, c; calls put
//   `shift`     lets each row's sums become those of the row that began before it. Reads start

// Channels c of a pixel of x, zero outside.
fn input(image: u32, iy: i32, ix: i32, c: u32) -> vec4f {
  let row = image * $H + u32(clamp(iy, 0, i32($H) - 1));
  let v = vec4f(x[(row * $W + u32(clamp(ix, 0, i32($W) - 1))) * $C4 + c]);
  return select(vec4f(0.0), v, iy >= 0 && iy < i32($H) && ix >= 0 && ix < i32($W));
}

// row: of y, counted over all images.
fn put(row: u32, ox: u32, c: u32, sum: vec4f) {
  if (ox < $OW) { y[(row * $OW + ox) * $C4 + c] = y_t(activate(sum)); }
}

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let place = {{row}};
  if (c >= $C4 || place >= $PLACES) { return; }
  let strip = place % $STRIPS;
  let tile = place / $STRIPS % $TILES;
  let image = place / $STRIPS / $TILES;
  let ox = strip / $DILATION * ({{STRIP}}u * $DILATION) + strip % $DILATION;
  let oy = tile / $DILATION * ($TALL * $DILATION) + tile % $DILATION;
  let ix = i32(ox * $STRIDE) - i32($LEFT);
  let top = i32(oy * $STRIDE) - i32($TOP);
  // The last tile of a column of them may begin below the picture.
  let tall = min($TALL, ($OH + $DILATION - 1u - min(oy, $OH)) / $DILATION);
  // Sums begin with the bias, which is loaded once so.
#if bias
  let start = vec4f(bias[c]);
#else
  let start = vec4f(0.0);
#endif
{{weights}}
{{declare}}
  for (var t = 0u; t < tall + {{ACTIVE}}u - 1u; t++) {
{{rows}}
    if (t + 1u >= {{ACTIVE}}u) {
      let row = image * $OH + oy + (t + 1u - {{ACTIVE}}u) * $DILATION;
{{store}}
    }
{{shift}}
  }
}
