// kernels/labels/window_gather.ts: a convolution over one-hot labels, without the one-hot tensor and once per distinct window
//
//   y[row,o] = act( bias[o] + sum_t ( w[t, label(row,t), o] + edge(row,t) * w[t, edgeRow, o] ) ),   code = label*2 + edge
//
// The sum runs over the k*k taps t of the window whose code is not OUTSIDE_CODE (zero padding adds nothing). The terms left out of the
// published sum are products with 0, so the result is the same. A window of NO_WINDOW gives zeros: it is the row for "outside the
// picture", where the published net pads mlp_shared's result with zeros, not with relu(bias).
// Backward, with dz = dy where y > 0 (relu) or dy: dw[t,l,:] = sum of dz over windows with label l at tap t; for the edge row, over those
// with an edge there; dbias = sum of dz over all windows (kernels/parts/segments.ts). Windows are integers and have no gradient; a window
// of NO_WINDOW adds to none.
// traffic: k*k (on edges 2 k*k) rows of w, k*k codes and one row of y for each window. It replaces 13.9 GMAC of the published convolution
// at 256x256 and 184 labels. lavapipe, 2172 windows (as COCO val 1993 has at 256x256), 128 outputs: 2 to 3.5 ms.

import windowGatherText from "../../shaders/labels/window_gather.wgsl";
import {
  defineOp,
  NO_EDGES,
  NO_WINDOW,
  OUTSIDE_CODE,
  product,
  read,
  readScalars,
  SpadeError,
  write,
  type Count,
  type DType,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { wideRowGrid } from "../parts/grid.ts";
import { needLists, segmentSums, type Lists } from "../parts/segments.ts";

export interface WindowGatherArgs {
  /** i32 [rows, k*k]: codes label*2 + edge, or OUTSIDE_CODE; a row that starts with NO_WINDOW gives zeros */
  windows: Tensor;
  /** [k*k, S padded to 4, Cout], from packConv */
  w: Tensor;
  /** [Cout] */
  bias: Tensor;
  /** Row of the edge channel among the S, or NO_EDGES. */
  edgeRow: number;
  relu: boolean;
  /** Number of rows in use, if it is only known at run time. */
  count?: Count;
  /** The result's logical shape, [rows, Cout] by default. */
  shape?: number[];
  /** Type of the result; w's by default. */
  dtype?: DType;
  /** For the backward pass: windows by (tap, label), from labelLists with w's second axis as `channels`. */
  lists?: Lists;
}

/** Shape rule. @throws SpadeError shape */
export function windowGatherPlan(
  windows: readonly number[],
  w: readonly number[],
  edgeRow: number,
  shape?: readonly number[],
): { out: number[]; rows: number; taps: number } {
  const [rows, taps] = windows;
  const [wTaps, s, cout] = w;
  const fail = (problem: string, fix: string): never => {
    throw new SpadeError("shape", "window_gather", problem, fix);
  };
  if (taps !== wTaps)
    fail(
      `windows [${windows.join(",")}] do not fit weights [${w.join(",")}]`,
      "build the windows with this layer's kernel size",
    );
  if (edgeRow >= s)
    fail(`edge row ${edgeRow} lies outside the ${s} rows of w`, `give the edge channel's index, or ${NO_EDGES}`);
  const out = shape ? [...shape] : [rows, cout];
  if (product(out.slice(0, -1)) !== rows || out[out.length - 1] !== cout)
    fail(`[${out.join(",")}] is not ${rows} rows of ${cout}`, "give a shape that ends in Cout and has a row a window");
  return { out, rows, taps };
}

export const windowGather = defineOp<WindowGatherArgs, Tensor>({
  name: "window_gather",
  forward(g: Graph, { windows, w, bias, edgeRow, relu, count, shape, dtype }) {
    const { out, rows, taps } = windowGatherPlan(windows.shape, w.shape, edgeRow, shape);
    const y = g.temp("y", out, dtype ?? w.dtype);
    const c4 = w.pitch / 4;
    const grid = wideRowGrid(g.target, c4, rows, count);
    g.dispatch({
      shader: { name: "window_gather", text: windowGatherText },
      constants: { ...grid.constants, edge: edgeRow !== NO_EDGES, relu, NO_WINDOW, OUTSIDE_CODE },
      sizes: { ROWS: rows, TAPS: taps, S: w.shape[1], CO4: c4, EDGE: Math.max(0, edgeRow) },
      bindings: { windows: readScalars(windows), w: read(w), bias: read(bias), y: write(y) },
      groups: grid.groups,
      flops: rows * taps * w.shape[2],
      bytes: windows.bytes + y.bytes + Math.min(w.bytes, taps * y.bytes),
    });
    return y;
  },
  recompute: true,
  backward(g, { w, bias, relu, lists }, y, dy) {
    const segments = needLists(lists, "window_gather", "labelLists");
    const dw = g.temp("dw", w.shape);
    const dbias = g.temp("dbias", bias.shape);
    const c4 = w.pitch / 4;
    segmentSums(g, { x: dy, mask: relu ? g.again(y) : undefined, lists: segments, y: dw, all: dbias, x4: c4, c4 });
    return { w: dw, bias: dbias };
  },
});
