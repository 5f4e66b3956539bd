// Appended to weight_gradient_direct and weight_gradient_tiles: both sum, over steps k, products of 4 x 16 values (a vec4 of rows, 4 vec4
// of columns), 4 steps at a time.
//
// TypeScript (kernels/conv/weight_gradient.ts) gives them S (lanes or threads), `lane` (the builtin that numbers them), `subgroups`, and
// the text of
//   `declare`     declares s{e}_{n}: f32, the sum of row e and column n
//   `accumulate`  adds four steps. Reads lane, line, k, last, col and a: mat4x4f, where a[e] holds row e at the four steps; changes
//                   s{e}_{n}; calls column, product
//   `store`       stores the sums. Reads out, col; calls put

// Vec4 q of the columns at step k, or at the last step. Steps follow each other from `line` on.
fn column(line: u32, k: u32, last: u32, q: u32) -> vec4f {
  return vec4f(b[(line + min(k, last)) * $N4 + min(q, $N4 - 1u)]);
}

// Four steps of one row and one column: one expression, as in gemm_subgroup.
fn product(a: vec4f, w: vec4f) -> f32 { return a.x * w.x + a.y * w.y + a.z * w.z + a.w * w.w; }

// Constant `add`: parts holds the sums of earlier steps.
fn put(at: u32, q: u32, sum: vec4f) {
#if add
  if (q < $N4) { parts[at] += sum; }
#else
  if (q < $N4) { parts[at] = sum; }
#endif
}
