// The adjoint of Winograd's output transform: M = A dY A^T of every 2x2 patch dY of dz, one vec4 of channels a thread.
// A = [1 0; 1 1; 1 -1; 0 -1].   dz [N,OH,OW,CO4] -> m [16][tiles][CO4]. Tiles: as in winograd_input.wgsl.

// A pixel's channels c; zero outside the picture.
fn load(n: u32, oy: u32, ox: u32, c: u32) -> vec4f {
  let inside = oy < $OH && ox < $OW;
  return select(vec4f(0.0), vec4f(dz[((n * $OH + min(oy, $OH - 1u)) * $OW + min(ox, $OW - 1u)) * $CO4 + c]), inside);
}

// One of the four rows of a tile's 4x4 results.
fn put(at: u32, step: u32, a: vec4f, b: vec4f, c: vec4f, d: vec4f) {
  m[at] = m_t(a);
  m[at + step] = m_t(b);
  m[at + 2u * step] = m_t(c);
  m[at + 3u * step] = m_t(d);
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x % $CO4;
  let t = id.x / $CO4;
  if (t >= $TILES) { return; }
  let tile = $T0 + t;
  let ox = (tile % $TW) * 2u;
  let oy = ((tile / $TW) % $TH) * 2u;
  let n = tile / ($TW * $TH);
  let d00 = load(n, oy, ox, c);
  let d01 = load(n, oy, ox + 1u, c);
  let d10 = load(n, oy + 1u, ox, c);
  let d11 = load(n, oy + 1u, ox + 1u, c);
  let step = $TILES * $CO4;
  let at = id.x;
  let p0 = d00 + d10;
  let p1 = d01 + d11;
  let q0 = d00 - d10;
  let q1 = d01 - d11;
  put(at, step, d00, d00 + d01, d00 - d01, -d01);
  put(at + 4u * step, step, p0, p0 + p1, p0 - p1, -p1);
  put(at + 8u * step, step, q0, q0 + q1, q0 - q1, -q1);
  put(at + 12u * step, step, -d10, -d10 - d11, d11 - d10, d11);
}
