// gemm() by subgroups: a subgroup of S lanes computes ROWS rows times 16 columns. Each lane has its own rows (ROWS / S of them); the
// 16 columns of a block of b are loaded once, by the lanes together, and reach all lanes by broadcast. No workgroup memory, no barrier.
//
// TypeScript (kernels/parts/gemm.ts) gives S, ROWS and the text of
//   `address`     declares p{i}: u32, the index in a of the lane's row i. Reads row, g
//   `declare`     declares s{i}_{n}: f32, the sums of row i and column n
//   `accumulate`  adds the products of four k. Reads k, at, p{i}; changes s{i}_{n}; calls product
//   `store`       stores the sums. Reads g, row, col, s{i}_{n}; calls put

enable subgroups;

// The four products of a row and a column are one expression: LLVM schedules large blocks of separate statements badly.
fn product(x: vec4f, w: vec4f) -> f32 { return x.x * w.x + x.y * w.y + x.z * w.z + x.w * w.w; }

@compute @workgroup_size({{S}}, 1, 1)
fn main(@builtin(workgroup_id) g: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let row = g.y * {{ROWS}}u + lane;
{{address}}
  var at = g.z * $BBATCH + ($BBLOCK + g.x) * $K4 * 16u + (lane & 15u);
{{declare}}
  for (var k = 0u; k < $K4; k++) {
{{accumulate}}
    at += 16u;
  }
  let col = g.x * 4u;
{{store}}
}
