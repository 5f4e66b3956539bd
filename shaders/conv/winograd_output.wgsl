// Y = A^T M A, 2x2 pixels of one vec4 of output channels a thread; then finish_at (shaders/parts/epilogue_residual.wgsl).
// A^T = [1 1 1 0; 0 1 -1 -1].   m [16][tiles of the slice][CO4] -> y [N,OH,OW,CO4]. Tiles: as in winograd_input.wgsl.

fn emit(sum: vec4f, n: u32, py: u32, px: u32, co: u32) {
  if (py >= $OH || px >= $OW) { return; }
  y[((n * $OH + py) * $OW + px) * $CO4 + co] = y_t(finish_at(sum, n, py, px, co));
}

// One column of M, times A^T from the left.
fn column(at: u32, step: u32) -> array<vec4f, 2> {
  let a = vec4f(m[at]);
  let b = vec4f(m[at + 4u * step]);
  let c = vec4f(m[at + 8u * step]);
  let d = vec4f(m[at + 12u * step]);
  return array<vec4f, 2>(a + b + c, b - c - d);
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let co = id.x % $CO4;
  let t = id.x / $CO4;
  if (t >= $TILES) { return; }
  let tile = $T0 + t;
  let ox = (tile % $TW) * 2u;
  let oy = ((tile / $TW) % $TH) * 2u;
  let n = tile / ($TW * $TH);
  let step = $TILES * $CO4;
  let p0 = column(id.x, step);
  let p1 = column(id.x + step, step);
  let p2 = column(id.x + 2u * step, step);
  let p3 = column(id.x + 3u * step, step);
  emit(p0[0] + p1[0] + p2[0], n, oy, ox, co);
  emit(p1[0] - p2[0] - p3[0], n, oy, ox + 1u, co);
  emit(p0[1] + p1[1] + p2[1], n, oy + 1u, ox, co);
  emit(p1[1] - p2[1] - p3[1], n, oy + 1u, ox + 1u, co);
}
