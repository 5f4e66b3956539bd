// Each thread computes one vec4 of a block of STRIDE x STRIDE pixels of dx. The windows that reach into the block are those that start
// in it and in the REACH - 1 blocks above and to the left of it; each adds its dy to the one pixel that its place names.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let p = {{row}};
  if (c >= $C4 || p >= $BLOCKS) { return; }
  let bx = p % $BW;
  let by = (p / $BW) % $BH;
  let n = p / ($BW * $BH);
  // Places and dy of the window u blocks above and v to the left; a window that does not exist has the place of no pixel.
  var at: array<vec4u, {{REACH}} * {{REACH}}>;
  var d: array<vec4f, {{REACH}} * {{REACH}}>;
  for (var u = 0u; u < {{REACH}}u; u++) {
    for (var v = 0u; v < {{REACH}}u; v++) {
      let there = by >= u && by - u < $OH && bx >= v && bx - v < $OW;
      let o = select(0u, ((n * $OH + by - u) * $OW + bx - v) * $C4 + c, there);
      let bytes = (vec4u(places[o]) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(255u);
      at[u * {{REACH}}u + v] = select(vec4u({{NO_PLACE}}u), bytes, there);
      d[u * {{REACH}}u + v] = vec4f(dy[o]);
    }
  }
  for (var i = 0u; i < {{STRIDE}}u; i++) {
    for (var j = 0u; j < {{STRIDE}}u; j++) {
      var s = vec4f(0.0);
      // Windows in raster order.
      for (var u = {{REACH}}u; u > 0u; u--) {
        for (var v = {{REACH}}u; v > 0u; v--) {
          let row = i + (u - 1u) * {{STRIDE}}u;
          let column = j + (v - 1u) * {{STRIDE}}u;
          if (row < {{K}}u && column < {{K}}u) {
            let w = (u - 1u) * {{REACH}}u + v - 1u;
            s += select(vec4f(0.0), d[w], at[w] == vec4u(row * {{K}}u + column));
          }
        }
      }
      let py = by * {{STRIDE}}u + i;
      let px = bx * {{STRIDE}}u + j;
      if (py < $H && px < $W) { dx[((n * $H + py) * $W + px) * $C4 + c] = dx_t(s); }
    }
  }
}
