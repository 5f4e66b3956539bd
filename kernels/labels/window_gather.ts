// kernels/labels/window_gather.ts: a convolution over one-hot labels, without the one-hot tensor and once per distinct window
//
//   y[row,o] = act( bias[o] + sum_t ( w[t, label(row,t), o] + edge(row,t) * w[t, edgeRow, o] ) ),   code = label*2 + edge
//
// over the k*k taps t of the window whose code is not -1 (outside the image: zero padding adds nothing). A row of -2 gives zeros: the
// table's row for "outside the image", where the published net pads mlp_shared's result with zeros, not with relu(bias).
// Exact: the terms left out of the published sum are products with 0.
// Backward, with dz = dy where y > 0 (relu) or dy: dw[t,l,:] = sum of dz over windows with label l at tap t, the edge row's over those
// with an edge there, dbias = sum of dz over all windows (kernels/parts/segments.ts); nothing flows to integer windows, nor from rows of -2.
// traffic: k*k (2k*k on edges) rows of w and one of y a window, k*k codes; at 256x256 and 184 labels 13.9 GMAC go.
// lavapipe, 2172 windows (as COCO val 1993 has at 256x256), 128 outputs: 2 to 3.5 ms.

import windowGatherText from "../../shaders/labels/window_gather.wgsl";
import {
  defineOp,
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
import { needLists, rowGroups, segmentSums, wideLanes, Y_SPAN, type Lists } from "../parts/segments.ts";

export interface WindowGatherArgs {
  /** i32 [rows, k*k]: codes label*2 + edge; -1 outside the image; a row that starts with -2 gives zeros */
  windows: Tensor;
  /** [k*k, S padded to 4, Cout], from packConv */
  w: Tensor;
  /** [Cout] */
  bias: Tensor;
  /** Row of the edge channel among the S, or -1. */
  edgeRow: number;
  relu: boolean;
  /** How many of the rows are in use. */
  count?: Count;
  /** The result's logical shape, [rows, Cout] by default. */
  shape?: number[];
  /** of the result; w's by default */
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
  if (edgeRow >= s) fail(`edge row ${edgeRow} lies outside the ${s} rows of w`, "give the edge channel's index, or -1");
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
    const wide = wideLanes(g.target, c4);
    g.dispatch({
      shader: { name: "window_gather", text: windowGatherText },
      constants: { edge: edgeRow >= 0, relu, ...wide },
      sizes: { ROWS: rows, TAPS: taps, S: w.shape[1], CO4: c4, EDGE: Math.max(0, edgeRow), YSPAN: Y_SPAN },
      bindings: { windows: readScalars(windows), w: read(w), bias: read(bias), y: write(y) },
      groups: rowGroups(c4, rows, count, 1, wide.COLUMNS),
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
