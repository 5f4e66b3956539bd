// kernels/gemm.ts: batched matrix product, the core of Winograd convolution, label tables and 1x1 convolution
//
//   c[z] = a[z] * b[z]      a [Z or 1][M,K], b [Z][K,N] (or columns of a wider b), c [Z][M,N]
//
// Not an op of its own: ops record it through `gemm()`. FLOPs 2*Z*M*N*K; floor in bytes: a + b + c once.

import shader from "../shaders/gemm.wgsl";
import { ceilDiv, read, write, type Count, type Graph, type Tensor } from "../src/runtime/index.ts";

export interface GemmArgs {
  a: Tensor;
  b: Tensor;
  c: Tensor;
  batch: number;
  m: number;
  /** Rows known at run time; m is their capacity. */
  count?: Count;
  k4: number;
  /** vec4 columns of the result. */
  n4: number;
  /** vec4 elements from one matrix of the batch to the next. */
  aBatch: number;
  bBatch: number;
  cBatch: number;
  /** vec4 columns of a row of b, and the first one taken. */
  bRow: number;
  bColumn?: number;
}

const PX = 4;

export function gemm(g: Graph, p: GemmArgs): void {
  const rows = [...Array(PX).keys()];
  const groups = p.count ? { count: p.count, per: 8 * PX } : ceilDiv(p.m, 8 * PX);
  g.dispatch({
    shader: { name: "gemm", text: shader },
    constants: {
      PX,
      declare: rows.map((r) => `  var s${r} = vec4f(0.0); var t${r} = vec4f(0.0); let r${r} = a0 + min(row + ${r}u, $M - 1u) * $K4;`).join("\n"),
      accumulate: rows
        .map((r) => `    let v${r} = vec4f(a[r${r} + k]); s${r} += v${r}.x * w00 + v${r}.y * w10 + v${r}.z * w20 + v${r}.w * w30; t${r} += v${r}.x * w01 + v${r}.y * w11 + v${r}.z * w21 + v${r}.w * w31;`)
        .join("\n"),
      store: rows
        .map((r) => `  if (row + ${r}u < $M) { let o = out + (row + ${r}u) * $N4; c[o + col] = c_t(s${r}); if (col + 1u < $N4) { c[o + col + 1u] = c_t(t${r}); } }`)
        .join("\n"),
    },
    sizes: { M: p.m, K4: p.k4, N4: p.n4, ABATCH: p.aBatch, BBATCH: p.bBatch, CBATCH: p.cBatch, BN4: p.bRow, BCOL: p.bColumn ?? 0 },
    bindings: { a: read(p.a), b: read(p.b), c: write(p.c) },
    groups: [groups, ceilDiv(ceilDiv(p.n4, 2), 8), p.batch],
    flops: 2 * p.batch * p.m * p.k4 * 4 * p.n4 * 4,
  });
}
