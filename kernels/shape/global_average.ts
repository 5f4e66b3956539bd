// kernels/shape/global_average.ts: the mean of each image and channel over all pixels (global average pooling)
//
//   y[n,0,0,c] = sum over y and x of x[n,y,x,c] / (H*W)
//
// Two stages, so that many threads share an image: sums of about sqrt(H*W) pixels, then the sums of those in order. The arithmetic of
// statistics.ts is not needed: no deviations follow from this mean.
// Backward: dx[n,y,x,c] = dy[n,0,0,c] / (H*W).
// traffic: x once.

import backwardText from "../../shaders/shape/global_average_backward.wgsl";
import joinText from "../../shaders/shape/global_average_join.wgsl";
import slicesText from "../../shaders/shape/global_average_slices.wgsl";
import {
  ceilDiv,
  defineOp,
  product,
  read,
  SpadeError,
  write,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { rowGrid } from "../parts/grid.ts";
import { sqrtSlices } from "../parts/sums.ts";

export interface GlobalAverageArgs {
  /** [N,H,W,C] */
  x: Tensor;
}

/** Shape rule. @throws SpadeError shape */
export function globalAveragePlan(x: readonly number[]): number[] {
  if (x.length !== 4)
    throw new SpadeError("shape", "global_average", `x [${x.join(",")}] is no picture`, "give [N,H,W,C]");
  return [x[0], 1, 1, x[3]];
}

export const globalAverage = defineOp<GlobalAverageArgs, Tensor>({
  name: "global_average",
  forward(g: Graph, { x }) {
    const [n, h, w, c] = x.shape;
    const y = g.temp("y", globalAveragePlan(x.shape), x.dtype);
    const pixels = h * w;
    const { len, slices } = sqrtSlices(pixels);
    const c4 = x.pitch / 4;
    const parts = g.temp("parts", [n, slices, c]);
    const grid = rowGrid(c4, n * slices);
    g.dispatch({
      shader: { name: "global_average_slices", text: slicesText },
      constants: grid.constants,
      sizes: { ROWS: n * slices, SLICES: slices, PIXELS: pixels, LEN: len, C4: c4 },
      bindings: { x: read(x), parts: write(parts) },
      groups: grid.groups,
      flops: product(x.shape),
    });
    g.dispatch({
      shader: { name: "global_average_join", text: joinText },
      sizes: { N4: n * c4, SLICES: slices, PIXELS: pixels, C4: c4 },
      bindings: { parts: read(parts), y: write(y) },
      groups: [ceilDiv(n * c4, 64)],
      flops: n * slices * c,
    });
    return y;
  },
  backward(g, { x }, _y, dy) {
    const [n, h, w] = x.shape;
    const dx = g.temp("dx", x.shape, dy.dtype);
    const grid = rowGrid(x.pitch / 4, n * h * w);
    g.dispatch({
      shader: { name: "global_average_backward", text: backwardText },
      constants: grid.constants,
      sizes: { ROWS: n * h * w, PIXELS: h * w, C4: x.pitch / 4 },
      bindings: { dy: read(dy), dx: write(dx) },
      groups: grid.groups,
      flops: product(x.shape),
    });
    return { x: dx };
  },
});
