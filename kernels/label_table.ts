// kernels/label_table.ts: gamma or beta for every distinct window of labels
//
//   T[tap][u] = A[u] * W[tap]                          for every distinct inner (k x k) window u; A = relu(mlp_shared) of it
//   table[o]  = bias + sum_tap T[tap][inner(o, tap)]   for every distinct outer ((2k-1) x (2k-1)) window o
//
// This is mlp_gamma (or mlp_beta) of the published net, computed once per distinct window instead of once per pixel: exact, since
// gamma and beta at a pixel depend on nothing but its (2k-1)^2 labels. Inner id 0 is "outside the image": its row of A is zero, as
// zero padding wants.
// FLOPs: 2 * inner * 128 * k*k * C, plus k*k adds a value. T is made in slices of columns that stay in cache and under the binding limit.
// Backward (D3 of the kernel notes): segmented sums of the pixel gradients per outer id, then per (tap, inner id), then two GEMMs.

import tableSum from "../shaders/table_sum.wgsl";
import { ceilDiv, defineOp, notYet, read, readScalars, write, type Count, type Graph, type Tensor } from "../src/runtime/index.ts";
import { BLOCK, gemm } from "./gemm.ts";

export interface LabelTableArgs {
  /** [inner capacity, 128]; row 0 is zero. */
  a: Tensor;
  /** [k*k, C/16, 128/4, 16*4], from packBlocks. */
  w: Tensor;
  /** [C] */
  bias: Tensor;
  /** i32 [outer capacity, k*k]: inner ids. */
  windows: Tensor;
  inner: Count;
  outer: Count;
}

/** Bytes of one slice of T: small enough for a CPU's last-level cache, and far under the binding limit. */
const SLICE_BYTES = 8 * 2 ** 20;

/** vec4 columns of one slice of T: whole blocks of 16 columns. */
export function slicePlan(taps: number, innerCapacity: number, c4: number): number {
  const block = taps * innerCapacity * BLOCK * 4;
  return Math.min(c4, Math.max(1, Math.floor(SLICE_BYTES / block)) * (BLOCK / 4));
}

export const labelTable = defineOp<LabelTableArgs, Tensor>({
  name: "label_table",
  forward(g: Graph, { a, w, bias, windows, inner, outer }) {
    const taps = w.shape[0];
    const c = bias.shape[0];
    const c4 = bias.pitch / 4;
    const table = g.temp("table", [outer.capacity, c], a.dtype);
    const step = slicePlan(taps, inner.capacity, c4);
    for (let col = 0; col < c4; col += step) {
      const n4 = Math.min(step, c4 - col);
      const t = g.temp("t", [taps, inner.capacity, n4 * 4], a.dtype);
      gemm(g, { a, b: w, c: t, batch: taps, m: inner.capacity, count: inner, k4: a.pitch / 4, n4, aBatch: 0, bBlocks: w.shape[1], bBlock: col / (BLOCK / 4) });
      const span = 32768 * 8;
      g.dispatch({
        shader: { name: "table_sum", text: tableSum },
        sizes: { T4: n4, C4: c4, COL: col, TAPS: taps, INNER: inner.capacity, ROWS: outer.capacity, YSPAN: span },
        bindings: { t: read(t), windows: readScalars(windows), bias: read(bias), y: write(table) },
        groups: [ceilDiv(n4, 8), { count: outer, per: 8 }, ceilDiv(outer.capacity, span)],
        flops: outer.capacity * taps * n4 * 4,
        bytes: outer.capacity * (taps + 1) * n4 * 4 * 4,
      });
    }
    return table;
  },
  backward: notYet,
});
