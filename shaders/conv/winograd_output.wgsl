// Y = A^T M A, 2x2 pixels of one vec4 of output channels a thread; then finish_at (shaders/parts/epilogue_residual.wgsl).
// A^T = [1 1 1 0; 0 1 -1 -1].   m [16][tiles of the slice][CO4] -> y [N,OH,OW,CO4]. Tiles: as in winograd_input.wgsl.
// Kernels that end in it: winograd_store.wgsl, winograd_moments.wgsl.

// Stores a result, if it lies inside the picture, and returns it.
fn emit(sum: vec4f, n: u32, py: u32, px: u32, co: u32) -> vec4f {
  if (py >= $OH || px >= $OW) { return vec4f(0.0); }
  let v = finish_at(sum, n, py, px, co);
  y[((n * $OH + py) * $OW + px) * $CO4 + co] = y_t(v);
  return v;
}

// One column of M, times A^T from the left.
fn column(at: u32, step: u32) -> array<vec4f, 2> {
  let a = vec4f(m[at]);
  let b = vec4f(m[at + 4u * step]);
  let c = vec4f(m[at + 8u * step]);
  let d = vec4f(m[at + 12u * step]);
  return array<vec4f, 2>(a + b + c, b - c - d);
}

// The four results of tile t of the slice, one vec4 of channels, row by row.
fn results(t: u32, co: u32) -> array<vec4f, 4> {
  let tile = part_at($T0 + t, $END);
  let ox = (tile % $TW) * 2u;
  let oy = ((tile / $TW) % $TH) * 2u;
  let n = tile / ($TW * $TH);
  let at = t * $CO4 + co;
  let step = $TILES * $CO4;
  let p0 = column(at, step);
  let p1 = column(at + step, step);
  let p2 = column(at + 2u * step, step);
  let p3 = column(at + 3u * step, step);
  return array<vec4f, 4>(
    emit(p0[0] + p1[0] + p2[0], n, oy, ox, co),
    emit(p1[0] - p2[0] - p3[0], n, oy, ox + 1u, co),
    emit(p0[1] + p1[1] + p2[1], n, oy + 1u, ox, co),
    emit(p1[1] - p2[1] - p3[1], n, oy + 1u, ox + 1u, co));
}
