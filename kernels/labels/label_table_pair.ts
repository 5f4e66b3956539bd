// kernels/labels/label_table_pair.ts: gamma and beta of a norm for outer windows that are added to its tables
//
//   T[tap][m] = A[picks[m, tap]] * [Wgamma | Wbeta][tap]
//   gamma[first + o] = bias + sum_tap T[tap][windows[o, tap]]      its columns below P; beta those from P on
//
// The sums of label_table.ts, bit for bit, for painting, where tables live on from map to map and an edit brings few new windows:
// - both mlps read the same A: one product and one sum in place of two; A is gathered once for all norms of a level;
// - a new outer window names, by each tap, few of the inner windows. `picks` lists them tap by tap, so that an edit multiplies as many rows as
//   it has new outer windows at most, and not all inner windows that these touch, by all taps: 8x8 edits of the street map, 36 to 16 ms;
// - slices of T are larger than in training, where they must not wait for the backward pass: 235 -> 51 launches for a COCO map of 256x256, and
//   no slower on lavapipe (1,234 to 1,340 against 1,236 to 1,331 ms), for 80 MiB more of memory.
// FLOPs: 2 * picked * 128 * k*k * 2P, plus k*k adds a value.

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
import { rowGroups, wideLanes, Y_SPAN } from "../parts/segments.ts";

export interface LabelTablePairArgs {
  /** [inner capacity, norms * 128]: of all norms of the level, side by side; row 0 is zero. */
  a: Tensor;
  /** Which norm's. */
  part: number;
  /** [k*k, 2P/16, 128/4, 16*4]: gamma's blocks of columns, then beta's (packBlocks); P: C padded to 16. */
  w: Tensor;
  /** [C] each */
  bias: { gamma: Tensor; beta: Tensor };
  /** i32 [outer capacity, k*k]: rows of T, tap by tap. */
  windows: Tensor;
  /** i32 [inner capacity, k*k]: row m of T of a tap is of row picks[m, tap] of a. Row 0 is all zeros. */
  picks: Tensor;
  /** Rows of `picks` in use. */
  picked: Count;
  /** i32 [1]: the row of the tables that the first window goes to; the rows before it stay. */
  first: Tensor;
  /** Rows of `windows` in use; its capacity is the tables'. */
  outer: Count;
}

/** Bytes of one slice of T at full capacity; real maps fill a quarter of it. */
const SLICE_BYTES = 48 * 2 ** 20;

/** vec4 columns of one slice of T: whole blocks of 16 columns. */
export function pairSlice(taps: number, capacity: number, columns4: number): number {
  const block = taps * capacity * BLOCK * 4;
  return Math.min(columns4, Math.max(1, Math.floor(SLICE_BYTES / block)) * (BLOCK / 4));
}

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
      const wide = wideLanes(g.target, n4);
      g.dispatch({
        shader: { name: "label_table_pair", text: pairText },
        constants: wide,
        sizes: {
          T4: n4,
          P4: p4,
          C4: gamma.pitch / 4,
          COL: col,
          TAPS: taps,
          INNER: picked.capacity,
          ROWS: outer.capacity,
          YSPAN: Y_SPAN,
        },
        bindings: {
          t: read(t),
          windows: readScalars(windows),
          first: readScalars(first),
          gamma_bias: read(bias.gamma),
          beta_bias: read(bias.beta),
          gamma: write(gamma),
          beta: write(beta),
        },
        groups: rowGroups(n4, outer.capacity, outer, 1, wide.COLUMNS),
        flops: outer.capacity * taps * n4 * 4,
        bytes: outer.capacity * (taps + 1) * n4 * 4 * 4,
      });
    }
    return { gamma, beta };
  },
  // Training makes all rows, in slices of its own: labelTable.
  backward: notDifferentiable,
});
