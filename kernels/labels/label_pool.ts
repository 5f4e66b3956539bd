// kernels/labels/label_pool.ts: avg_pool (3x3, stride 2, padding 1) of a one-hot label map, without the one-hot tensor
//
//   y[n,oy,ox,c] = share of the window's pixels in the picture that have label c; channel edgeRow: share of those on an edge
//
// From the second scale on, the discriminator sees pooled labels. They are not one-hot any more, so they are stored densely; they have a
// quarter of the one-hot map's size or less (COCO at 256x256: 12 MB an image instead of 48). Labels are integers and have no gradient.
// traffic: y once, up to 9 codes a pixel (from a cache). lavapipe, 2 x 256x256, 184 channels: 34 to 41 ms.

import labelPoolText from "../../shaders/labels/label_pool.wgsl";
import windowText from "../../shaders/shape/avg_pool_window.wgsl";
import {
  defineOp,
  NO_EDGES,
  notDifferentiable,
  product,
  readScalars,
  SpadeError,
  write,
  type DType,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { rowGrid } from "../parts/grid.ts";
import { avgPoolPlan } from "../shape/avg_pool.ts";

export interface LabelPoolArgs {
  /** i32 [N,H,W]: label*2 + edge */
  codes: Tensor;
  /** Number of labels, plus the edge channel if there is one. */
  channels: number;
  /** Channel of the edges, or NO_EDGES. */
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
      `give codes [N,H,W] and an edge channel among the channels, or ${NO_EDGES}`,
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
    const grid = rowGrid(y.pitch / 4, pixels);
    g.dispatch({
      shader: { name: "label_pool", text: `${labelPoolText}\n${windowText}` },
      constants: { ...grid.constants, edge: edgeRow !== NO_EDGES },
      sizes: {
        PIXELS: pixels,
        H: codes.shape[1],
        W: codes.shape[2],
        OH: out[1],
        OW: out[2],
        C4: y.pitch / 4,
        EDGE: Math.max(0, edgeRow),
      },
      bindings: { codes: readScalars(codes), y: write(y) },
      groups: grid.groups,
      flops: 10 * product(out),
    });
    return y;
  },
  backward: notDifferentiable,
});
