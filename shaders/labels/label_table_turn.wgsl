// Transposes N4 vec4 columns of w, from COL on, for the gradient of A: w [tap][C/16][H/4][16] vec4 along h becomes
// wt [H/16][tap * N4 + c][16] vec4 along c. One vec4 a thread.

@compute @workgroup_size(8, 8, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let h = id.x;
  let k = id.y;
  if (h >= $HPAD || k >= $TAPS * $N4) { return; }
  var v = vec4f(0.0);
  if (h < $H4 * 4u) {
    let column = ($COL + k % $N4) * 4u;
    let at = (((k / $N4) * $BLOCKS + column / 16u) * $H4 + h / 4u) * 64u + column % 16u * 4u + h % 4u;
    v = vec4f(f32(w[at]), f32(w[at + 4u]), f32(w[at + 8u]), f32(w[at + 12u]));
  }
  wt[((h / 16u) * $TAPS * $N4 + k) * 16u + h % 16u] = v;
}
