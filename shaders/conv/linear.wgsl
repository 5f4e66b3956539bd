// A thread makes one vec4 of outputs for {{IMAGES}} images: w, the large operand, is read once for them all.

@compute @workgroup_size(64, 1, 1)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = id.x;
  let n = id.y * {{IMAGES}}u;
  if (m >= $M4) { return; }
{{declare}}
  for (var k = 0u; k < $K; k++) {
    let wk = vec4f(w[k * $M4 + m]);
{{accumulate}}
  }
{{store}}
}
