// kernels/labels/label_table_pair.ts: rows of the gamma and beta tables of a norm, for outer windows that are new to them
//
//   T[tap][m] = A[picks[m, tap]] * [Wgamma | Wbeta][tap]
//   gamma[first + o], beta[first + o] = bias + sum_tap T[tap][windows[o, tap]]      gamma: the columns below P; beta: those from P on
//
// It computes the sums of label_table.ts, bit for bit, and is for painting, where tables are kept from map to map and an edit adds few
// outer windows:
// - gamma and beta read the same A, so one product and one sum compute both; A is gathered once for all norms of a level;
// - new outer windows contain, at each tap, few of the inner windows. `picks` lists these for each tap, so an edit multiplies at most as
//   many rows a tap as it has new outer windows. lavapipe, 8x8 edits of the street map: 36 ms before, 16 ms with picks;
// - slices of T are larger than in training, where they are needed together with those of the backward pass: 51 launches instead of 235
//   for a COCO map of 256x256, at the same speed on lavapipe (1,234 to 1,340 ms, before 1,236 to 1,331), for 80 MiB more of memory.
// FLOPs: 2 * picked * 128 * k*k * 2P, plus k*k adds a value. traffic: W once; T written once, k*k rows of it read for each outer window,
// from a cache; the tables once.
// No backward: training computes all rows, by labelTable.

import pairText from "../../shaders/labels/label_table_pair.wgsl";
import {
  defineOp,
  notDifferentiable,
  read,
  readScalars,
  write,
  type Count,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { BLOCK, blocksOf, gemm } from "../parts/gemm.ts";
import { sliceColumns } from "./label_table.ts";
import { wideRowGrid } from "../parts/grid.ts";

export interface LabelTablePairArgs {
  /** [inner capacity, norms * 128]: relu(mlp_shared) of all norms of the level, side by side; row 0 is zero. */
  a: Tensor;
  /** Number of the norm whose columns of a to use. */
  part: number;
  /** [k*k, 2P/16, 128/4, 16*4]: gamma's blocks of columns, then beta's (packBlocks); P: C padded to 16. */
  w: Tensor;
  /** [C] each */
  bias: { gamma: Tensor; beta: Tensor };
  /** i32 [outer capacity, k*k]: for each outer window and tap, a row of T. */
  windows: Tensor;
  /** i32 [inner capacity, k*k]: row m of T at a tap is computed from row picks[m, tap] of a. Row 0 is all zeros. */
  picks: Tensor;
  /** Number of rows of `picks` in use. */
  picked: Count;
  /** i32 [1]: the row of the tables that the first window is written to; the rows before it stay as they are. */
  first: Tensor;
  /** Number of rows of `windows` in use; its capacity is that of the tables. */
  outer: Count;
}

/** Bytes of one slice of T at full capacity; real maps fill a quarter of it. Tuned on lavapipe (see above). */
const SLICE_BYTES = 48 * 2 ** 20;

/** vec4 columns of one slice of T: whole blocks of 16 columns. */
export const pairSlice = (taps: number, capacity: number, columns4: number): number =>
  sliceColumns(SLICE_BYTES, taps, capacity, columns4);

/** gamma and beta, [outer capacity, C] each. */
export const labelTablePair = defineOp<LabelTablePairArgs, { gamma: Tensor; beta: Tensor }>({
  name: "label_table_pair",
  forward(g: Graph, { a, part, w, bias, windows, picks, picked, first, outer }) {
    const [taps, , k4] = w.shape;
    const c = bias.gamma.shape[0];
    const p4 = (blocksOf(c) * BLOCK) / 4;
    const [gamma, beta] = ["gamma", "beta"].map((name) => g.temp(name, [outer.capacity, c], a.dtype));
    const step = pairSlice(taps, picked.capacity, 2 * p4);
    for (let col = 0; col < 2 * p4; col += step) {
      const n4 = Math.min(step, 2 * p4 - col);
      const t = g.temp("t", [taps, picked.capacity, n4 * 4], a.dtype);
      const rows = {
        batch: taps,
        m: picked.capacity,
        count: picked,
        picks,
        aBatch: 0,
        aPitch: a.pitch / 4,
        aFirst: part * k4,
      };
      gemm(g, { a, b: w, c: t, ...rows, k4, n4, bBlocks: w.shape[1], bBlock: col / (BLOCK / 4) });
      const grid = wideRowGrid(g.target, n4, outer.capacity, outer);
      g.dispatch({
        shader: { name: "label_table_pair", text: pairText },
        constants: grid.constants,
        sizes: {
          T4: n4,
          P4: p4,
          C4: gamma.pitch / 4,
          COL: col,
          TAPS: taps,
          INNER: picked.capacity,
          ROWS: outer.capacity,
        },
        constantSizes: ["TAPS"],
        bindings: {
          t: read(t),
          windows: readScalars(windows),
          first: readScalars(first),
          gamma_bias: read(bias.gamma),
          beta_bias: read(bias.beta),
          gamma: write(gamma),
          beta: write(beta),
        },
        groups: grid.groups,
        flops: outer.capacity * taps * n4 * 4,
        bytes: outer.capacity * (taps + 1) * n4 * 4 * 4,
      });
    }
    return { gamma, beta };
  },
  backward: notDifferentiable,
});
