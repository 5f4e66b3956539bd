// U = G g G^T of the 3x3 weights g, G = [1 0 0; .5 .5 .5; .5 -.5 .5; 0 0 1]: four input channels of one output channel a thread.
// w [tap][Cin][CO] -> u [16][CO/16][Cin/4][16] vec4 along the input channels (blocks of columns, as gemm reads them); columns beyond CO,
// up to COPAD, are zero.

// Four input channels of one output channel at a tap.
fn load(tap: u32, k: u32, co: u32) -> vec4f {
  let at = (tap * $CIN + k) * $CO + min(co, $CO - 1u);
  let v = vec4f(f32(w[at]), f32(w[at + $CO]), f32(w[at + 2u * $CO]), f32(w[at + 3u * $CO]));
  return select(vec4f(0.0), v, co < $CO);
}

// G times a column of three (and, applied to rows, times G^T).
fn mix(a: vec4f, b: vec4f, c: vec4f) -> array<vec4f, 4> {
  return array<vec4f, 4>(a, 0.5 * (a + b + c), 0.5 * (a - b + c), c);
}

// One of the four rows of a tile's 4x4 results.
fn put(at: u32, step: u32, a: vec4f, b: vec4f, c: vec4f, d: vec4f) {
  u[at] = u_t(a);
  u[at + step] = u_t(b);
  u[at + 2u * step] = u_t(c);
  u[at + 3u * step] = u_t(d);
}

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let co = id.x;
  let k = id.y * 4u;
  if (co >= $COPAD) { return; }
  let c0 = mix(load(0u, k, co), load(3u, k, co), load(6u, k, co));
  let c1 = mix(load(1u, k, co), load(4u, k, co), load(7u, k, co));
  let c2 = mix(load(2u, k, co), load(5u, k, co), load(8u, k, co));
  let step = $COPAD * $CIN / 4u;
  let at = ((co / 16u) * ($CIN / 4u) + id.y) * 16u + co % 16u;
  let r0 = mix(c0[0], c1[0], c2[0]);
  let r1 = mix(c0[1], c1[1], c2[1]);
  let r2 = mix(c0[2], c1[2], c2[2]);
  let r3 = mix(c0[3], c1[3], c2[3]);
  put(at, step, r0[0], r0[1], r0[2], r0[3]);
  put(at + 4u * step, step, r1[0], r1[1], r1[2], r1[3]);
  put(at + 8u * step, step, r2[0], r2[1], r2[2], r2[3]);
  put(at + 12u * step, step, r3[0], r3[1], r3[2], r3[3]);
}
