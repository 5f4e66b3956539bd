// kernels/labels/label_pool.ts: the average pooling (3x3, stride 2, padding 1, as avg_pool) of a one-hot label map that is never made
//
//   y[n,oy,ox,c] = share of the window's pixels in the picture that have label c; channel edgeRow: share of those on an edge
//
// From the second scale on the discriminator sees pooled labels, which are not one-hot any more: they are kept densely, a quarter of
// the one-hot map or less (COCO at 256x256: 12 MB an image instead of 48). Nothing flows back to integers.
// traffic: y once, up to 9 codes a pixel (from a cache). lavapipe, 2 x 256x256, 184 channels: 34 to 41 ms.

import { Y_SPAN } from "../parts/segments.ts";
import labelPoolText from "../../shaders/labels/label_pool.wgsl";
import {
  ceilDiv,
  defineOp,
  notDifferentiable,
  product,
  readScalars,
  SpadeError,
  write,
  type DType,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { avgPoolPlan } from "../shape/avg_pool.ts";

export interface LabelPoolArgs {
  /** i32 [N,H,W]: label*2 + edge */
  codes: Tensor;
  /** Labels, and the edge channel where there is one. */
  channels: number;
  /** Channel of the edges, or -1. */
  edgeRow: number;
  dtype?: DType;
}

/** Shape rule. @throws SpadeError shape */
export function labelPoolPlan(codes: readonly number[], channels: number, edgeRow: number): number[] {
  if (codes.length !== 3 || edgeRow >= channels) {
    throw new SpadeError(
      "shape",
      "label_pool",
      `codes [${codes.join(",")}] with edges in channel ${edgeRow} of ${channels}`,
      "give codes [N,H,W] and an edge channel among the channels, or -1",
    );
  }
  return avgPoolPlan([...codes, channels]);
}

export const labelPool = defineOp<LabelPoolArgs, Tensor>({
  name: "label_pool",
  forward(g: Graph, { codes, channels, edgeRow, dtype = "f32" }) {
    const out = labelPoolPlan(codes.shape, channels, edgeRow);
    const y = g.temp("pooled", out, dtype);
    const pixels = product(out.slice(0, 3));
    g.dispatch({
      shader: { name: "label_pool", text: labelPoolText },
      constants: { edge: edgeRow >= 0 },
      sizes: {
        PIXELS: pixels,
        H: codes.shape[1],
        W: codes.shape[2],
        OH: out[1],
        OW: out[2],
        C4: y.pitch / 4,
        EDGE: Math.max(0, edgeRow),
        YSPAN: Y_SPAN,
      },
      bindings: { codes: readScalars(codes), y: write(y) },
      groups: [ceilDiv(y.pitch / 4, 8), ceilDiv(Math.min(pixels, Y_SPAN), 8), ceilDiv(pixels, Y_SPAN)],
      flops: 10 * product(out),
    });
    return y;
  },
  backward: notDifferentiable,
});
