// kernels/labels/label_table.ts: gamma or beta for every distinct window of labels
//
//   T[tap][u] = A[u] * W[tap]                          for every distinct inner (k x k) window u; A = relu(mlp_shared) of it
//   table[o]  = bias + sum_tap T[tap][inner(o, tap)]   for every distinct outer ((2k-1) x (2k-1)) window o
//
// This is mlp_gamma (or mlp_beta) of the published net, computed once per distinct window instead of once per pixel. It is exact, since
// gamma and beta at a pixel depend on nothing but its (2k-1)^2 labels (docs/kernels.md). Inner id 0 stands for "outside the picture": its
// row of A is zero, which is the zero padding of mlp_gamma.
// FLOPs: 2 * inner * 128 * k*k * C, plus k*k adds a value. traffic: W once; T written once, k*k rows of it read for each outer window;
// the table once. T is computed in slices of columns that stay in a cache and under the binding limit.
//
// Backward, from D = dtable, all of it at table size:
//   dT[u][tap] = sum of D[o] over the o with inner(o, tap) = u      (kernels/parts/segments.ts)      dbias = sum of D over the o in use
//   dA[u] = sum_tap dT[u][tap] * W[tap]^T: one matrix product of dT, as rows of taps * C values, and W transposed
//   dW[tap] = A^T * dT[tap]: a sum over inner windows, in slices, written in w's blocks; columns beyond C get zeros
// FLOPs: twice the forward's. With several slices of columns, dA is the sum over them.
// lavapipe, COCO val 1993 at 256x256 (2074 inner, 6166 outer windows), 64 channels: forward 18 ms; backward dT 9, dW 12, dA 12.
// dW has two variants: by subgroups, as in gemm_subgroup (16 columns in registers, each loaded once a subgroup), and portable.

import tableSum from "../../shaders/labels/label_table_sum.wgsl";
import turnText from "../../shaders/labels/label_table_turn.wgsl";
import weightsText from "../../shaders/labels/label_table_dw.wgsl";
import {
  ceilDiv,
  defineOp,
  read,
  readScalars,
  write,
  type Count,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { add } from "../shape/add.ts";
import { BLOCK, blocksOf, gemm } from "../parts/gemm.ts";
import { choose, subgroupLanes } from "../parts/variants.ts";
import { wideRowGrid } from "../parts/grid.ts";
import { linesOf, span } from "../parts/registers_wgsl.ts";
import { needLists, segmentSums, type Lists } from "../parts/segments.ts";
import { sumSlices } from "../parts/sums.ts";

export interface LabelTableArgs {
  /** [inner capacity, 128]: relu(mlp_shared) of each inner window; row 0 is zero. */
  a: Tensor;
  /** [k*k, C/16, 128/4, 16*4], from packBlocks. */
  w: Tensor;
  /** [C] */
  bias: Tensor;
  /** i32 [outer capacity, k*k]: inner ids. */
  windows: Tensor;
  inner: Count;
  outer: Count;
  /** For the backward pass: outer windows by inner id and tap, from tapLists. */
  lists?: Lists;
}

/** Bytes of one slice of T: fits a CPU's last-level cache, far under the binding limit. Tuned on lavapipe; not measured on hardware. */
const SLICE_BYTES = 8 * 2 ** 20;

/** How many of c4 vec4 columns a slice of T has if it may take `bytes`: whole blocks of 16 columns, at least one. */
export function sliceColumns(bytes: number, taps: number, innerCapacity: number, c4: number): number {
  const block = taps * innerCapacity * BLOCK * 4;
  return Math.min(c4, Math.max(1, Math.floor(bytes / block)) * (BLOCK / 4));
}

/** vec4 columns of one slice of T. */
export const slicePlan = (taps: number, innerCapacity: number, c4: number): number =>
  sliceColumns(SLICE_BYTES, taps, innerCapacity, c4);

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
      gemm(g, {
        a,
        b: w,
        c: t,
        batch: taps,
        m: inner.capacity,
        count: inner,
        k4: a.pitch / 4,
        n4,
        aBatch: 0,
        bBlocks: w.shape[1],
        bBlock: col / (BLOCK / 4),
      });
      const grid = wideRowGrid(g.target, n4, outer.capacity, outer);
      g.dispatch({
        shader: { name: "label_table_sum", text: tableSum },
        constants: grid.constants,
        sizes: { T4: n4, C4: c4, COL: col, TAPS: taps, INNER: inner.capacity, ROWS: outer.capacity },
        bindings: {
          t: read(t),
          windows: readScalars(windows),
          bias: read(bias),
          y: write(table),
        },
        groups: grid.groups,
        flops: outer.capacity * taps * n4 * 4,
        bytes: outer.capacity * (taps + 1) * n4 * 4 * 4,
      });
    }
    return table;
  },
  backward(g: Graph, { a, w, bias, inner, lists }, _, dtable, wanted) {
    const segments = needLists(lists, "label_table", "tapLists");
    const taps = w.shape[0];
    const c4 = bias.pitch / 4;
    const step = slicePlan(taps, inner.capacity, c4);
    const dbias = g.temp("dbias", bias.shape);
    const weights = wanted.has("w") ? tableWeights(g, a, w, segments) : undefined;
    let da: Tensor | undefined;
    for (let col = 0; col < c4; col += step) {
      const n4 = Math.min(step, c4 - col);
      const dt = g.temp("dt", [inner.capacity * taps, n4 * 4]);
      segmentSums(g, {
        x: dtable,
        lists: segments,
        y: dt,
        all: wanted.has("bias") ? dbias : undefined,
        x4: c4,
        col,
        c4: n4,
      });
      weights?.slice(dt, col, n4);
      if (!wanted.has("a")) continue;
      const wt = transposed(g, w, a.pitch, col, n4);
      const part = g.temp("da", a.shape);
      gemm(g, {
        a: dt,
        b: wt,
        c: part,
        batch: 1,
        m: inner.capacity,
        count: inner,
        k4: taps * n4,
        n4: a.pitch / 4,
        aBatch: 0,
        bBlocks: wt.shape[0],
      });
      da = da ? add(g, { a: da, b: part }) : part;
    }
    return { ...(da && { a: da }), ...(weights && { w: weights.join() }), ...(wanted.has("bias") && { bias: dbias }) };
  },
});

/** n4 vec4 columns of W, from `col` on, transposed: blocks of 16 of the H rows, vec4 along (tap, column). */
function transposed(g: Graph, w: Tensor, h: number, col: number, n4: number): Tensor {
  const [taps, blocks, h4] = w.shape;
  const hpad = blocksOf(h) * BLOCK;
  const wt = g.temp("turned", [blocksOf(h), taps * n4, BLOCK * 4]);
  g.dispatch({
    shader: { name: "label_table_turn", text: turnText },
    sizes: { HPAD: hpad, TAPS: taps, N4: n4, COL: col, BLOCKS: blocks, H4: h4 },
    bindings: { w: readScalars(w), wt: write(wt) },
    groups: [ceilDiv(hpad, 8), ceilDiv(taps * n4, 8)],
    flops: 0,
    bytes: 2 * wt.bytes,
  });
  return wt;
}

/** Threads of a workgroup of the portable variant of dW. Not tuned. */
const PORTABLE = 32;

/**
 * Text constants of label_table_dw.wgsl. With subgroups a step takes as many windows as the lanes can load in one go: 4 vec4 columns of
 * each. Without, one window.
 */
function weightsConstants(lanes: number | undefined): Record<string, string | number | boolean> {
  const step = lanes ? lanes / 4 : 1;
  const loadTogether = "    let b = columns(u + (lane >> 2u), end, n, tap, group * 4u + (lane & 3u));";
  const quad = (r: number, q: number): string => {
    const w = lanes ? `subgroupBroadcast(b, ${r * 4 + q}u)` : `columns(u, end, n, tap, group * 4u + ${q}u)`;
    return `    { let w = ${w}; ${span(4)
      .map((e) => `s${4 * q + e} += a${r} * w.${"xyzw"[e]};`)
      .join(" ")} }`;
  };
  return {
    S: lanes ?? PORTABLE,
    STEP: step,
    subgroups: !!lanes,
    lane: lanes ? "subgroup_invocation_id" : "local_invocation_index",
    declare: linesOf(
      span(BLOCK).map((j) => `var s${j} = vec4f(0.0);`),
      4,
    ),
    accumulate: [
      ...(lanes ? [loadTogether] : []),
      ...span(step).map((r) => `    let a${r} = vec4f(a[min(u + ${r}u, n - 1u) * $H4 + h]);`),
      ...span(step).flatMap((r) => span(4).map((q) => quad(r, q))),
    ].join("\n"),
    store: linesOf(
      span(BLOCK).map((j) => `y[out + ${j}u] = s${j};`),
      4,
    ),
  };
}

/**
 * Slices of dW's sum over inner windows: until `threads` are busy, but with at least LEAST_WINDOWS a slice, below which adding the slice
 * costs more than it saves. No measurement is recorded; the number of threads for hardware is a guess.
 */
const BUSY_THREADS = { software: 256, hardware: 16384 };
const LEAST_WINDOWS = 64;

/** Records dW: `slice` for each slice of columns of dT, then `join`, which returns dW. */
function tableWeights(
  g: Graph,
  a: Tensor,
  w: Tensor,
  lists: Lists,
): { slice: (dt: Tensor, col: number, n4: number) => void; join: () => Tensor } {
  const [taps, blocks, h4] = w.shape;
  const windows = a.shape[0];
  const threads = BUSY_THREADS[g.target.software ? "software" : "hardware"];
  const slices = Math.max(1, Math.min(ceilDiv(threads, h4 * taps * blocks), ceilDiv(windows, LEAST_WINDOWS)));
  const dw = g.temp("dw", w.shape);
  const parts = slices === 1 ? dw : g.temp("dw_parts", [slices, ...w.shape]);
  const variant = choose("label_table_dw", g.target, { k: h4 * 4, n: blocks * BLOCK });
  const lanes = variant === "subgroup" ? subgroupLanes(g.target) : undefined;
  const constants = weightsConstants(lanes);
  return {
    slice(dt, col, n4) {
      const some = blocksOf(n4 * 4);
      g.dispatch({
        shader: { name: "label_table_dw", text: weightsText },
        constants,
        sizes: {
          TAPS: taps,
          N4: n4,
          H4: h4,
          SLICES: slices,
          BLOCKS: blocks,
          BLOCK0: col / (BLOCK / 4),
          SLICE_BLOCKS: some,
        },
        bindings: { a: read(g.again(a)), t: read(dt), rows: readScalars(lists.rows), y: write(parts) },
        groups: [ceilDiv(h4, constants.S as number), taps * some, slices],
        flops: 2 * windows * h4 * 4 * taps * n4 * 4,
        bytes: dt.bytes + a.bytes + (slices * dw.bytes * some) / blocks,
      });
    },
    join: () => (parts === dw ? dw : sumSlices(g, parts, slices, dw)),
  };
}
