// Appended to weight_gradient_direct and weight_gradient_tiles: both sum, over steps k, products of a vec4 of rows and QUADS vec4 of columns, 4 steps
// at a time.
//
// TypeScript (kernels/conv/weight_gradient.ts) gives them S (lanes or threads), QUADS, `lane` (the builtin that numbers them), `subgroups`, and
// the text of
//   `declare`     declares s{e}_{n}: f32, the sum of row e and column n, and f{l}: Column, what the lane loads of four steps. Reads lane,
//                   last, col; calls column_of
//   `accumulate`  adds four steps. Reads f{l}, line, k and a: mat4x4f, where a[e] holds row e at the four steps; changes s{e}_{n}; calls
//                   column, product
//   `store`       stores the sums. Reads out, col; calls put

// A vec4 of columns at one of four steps: its index in b at step 0, and at the last step that there is. Steps follow each other.
struct Column { at: u32, last: u32 }

// Vec4 q of the columns, `step` steps after the first of four. last: the last step.
fn column_of(step: u32, last: u32, q: u32) -> Column {
  let c = min(q, $N4 - 1u);
  return Column(step * $N4 + c, last * $N4 + c);
}

// At the four steps from k on, or at the last step. line: the index in b of step 0.
fn column(line: u32, k: u32, f: Column) -> vec4f { return vec4f(b[line + min(k * $N4 + f.at, f.last)]); }

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
