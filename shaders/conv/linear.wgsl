// Each thread computes one vec4 of outputs for IMAGES images, so that w, the large operand, is read once for all of them. The K rows of w
// are a band of all rows, from ROW on. Constants: `continued`, the sums of the bands before are added; `bias`, the bias is (first band).

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = id.x;
  let n = id.y * {{IMAGES}}u;
  if (m >= $M4) { return; }
  var at: array<u32, {{IMAGES}}>;
  var s: array<vec4f, {{IMAGES}}>;
  for (var i = 0u; i < {{IMAGES}}u; i++) {
    let image = min(n + i, $N - 1u);
    at[i] = image * $PITCH + $ROW;
#if continued
    s[i] = vec4f(sum[image * $M4 + m]);
#endif
#if bias
    s[i] = vec4f(bias[m]);
#endif
  }
  for (var k = 0u; k < $K; k++) {
    let wk = vec4f(w[k * $M4 + m]);
    for (var i = 0u; i < {{IMAGES}}u; i++) { s[i] += f32(x[at[i] + k]) * wk; }
  }
  for (var i = 0u; i < {{IMAGES}}u; i++) {
    if (n + i < $N) { y[(n + i) * $M4 + m] = y_t(s[i]); }
  }
}
