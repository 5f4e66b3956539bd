// Each thread computes one vec4 of one window: its largest values or (constant `places`), one byte a channel, the places of the first
// largest values in raster order. A window that reaches over the picture's edge reads the last row or column again, which changes
// neither.

@compute @workgroup_size({{LX}}, {{LY}}, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = {{column}};
  let p = {{row}};
  if (c >= $C4 || p >= $PIXELS) { return; }
  let px = (p % $OW) * {{STRIDE}}u;
  let py = ((p / $OW) % $OH) * {{STRIDE}}u;
  let n = p / ($OW * $OH);
  var m = vec4f(x[((n * $H + py) * $W + px) * $C4 + c]);
#if places
  var at = vec4u(0u);
#endif
  for (var i = 0u; i < {{K}}u; i++) {
    let row = (n * $H + min(py + i, $H - 1u)) * $W;
    for (var j = 0u; j < {{K}}u; j++) {
      let v = vec4f(x[(row + min(px + j, $W - 1u)) * $C4 + c]);
#if places
      at = select(at, vec4u(i * {{K}}u + j), v > m);
#endif
      m = max(m, v);
    }
  }
#if places
  y[p * $C4 + c] = at.x | (at.y << 8u) | (at.z << 16u) | (at.w << 24u);
#else
  y[p * $C4 + c] = y_t(m);
#endif
}
