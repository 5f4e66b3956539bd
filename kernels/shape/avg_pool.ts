// kernels/shape/avg_pool.ts: average pooling 3x3, stride 2, padding 1, count_include_pad=False (between the discriminator's scales)
//
//   y[n,oy,ox,c] = mean of x over the taps of the 3x3 window around (2oy, 2ox) that lie in the picture (9, 6 or 4 of them)
//   size: floor((size - 1) / 2) + 1
//
// Backward: dx[iy,ix] = sum over the (at most 4) windows that contain it of dy / taps of that window.
// traffic: x once (a pixel is read up to 4 times, mostly from a cache), y once, a quarter of that. lavapipe, 256x256x64: 4.4 to 8.6 ms
// (up to 4.8 GB/s).

import avgPoolText from "../../shaders/shape/avg_pool.wgsl";
import backwardText from "../../shaders/shape/avg_pool_backward.wgsl";
import windowText from "../../shaders/shape/avg_pool_window.wgsl";
import { defineOp, product, read, SpadeError, write, type Graph, type Tensor } from "../../src/runtime/index.ts";
import { rowGrid } from "../parts/grid.ts";

export interface AvgPoolArgs {
  /** [N,H,W,C] */
  x: Tensor;
}

/** Shape rule. @throws SpadeError shape */
export function avgPoolPlan(x: readonly number[]): number[] {
  if (x.length !== 4) throw new SpadeError("shape", "avg_pool", `x [${x.join(",")}] is no picture`, "give [N,H,W,C]");
  return [x[0], ((x[1] - 1) >> 1) + 1, ((x[2] - 1) >> 1) + 1, x[3]];
}

export const avgPool = defineOp<AvgPoolArgs, Tensor>({
  name: "avg_pool",
  forward(g: Graph, { x }) {
    const out = avgPoolPlan(x.shape);
    const y = g.temp("y", out, x.dtype);
    const grid = rowGrid(x.pitch / 4, out[0] * out[1] * out[2]);
    g.dispatch({
      shader: { name: "avg_pool", text: `${avgPoolText}\n${windowText}` },
      constants: grid.constants,
      sizes: {
        PIXELS: out[0] * out[1] * out[2],
        H: x.shape[1],
        W: x.shape[2],
        OH: out[1],
        OW: out[2],
        C4: x.pitch / 4,
      },
      bindings: { x: read(x), y: write(y) },
      groups: grid.groups,
      flops: 10 * product(out),
    });
    return y;
  },
  backward(g, { x }, y, dy) {
    const [n, h, w, c] = x.shape;
    const dx = g.temp("dx", x.shape, dy.dtype);
    const pixels = n * h * w;
    const grid = rowGrid(x.pitch / 4, pixels);
    g.dispatch({
      shader: { name: "avg_pool_backward", text: `${backwardText}\n${windowText}` },
      constants: grid.constants,
      sizes: { PIXELS: pixels, H: h, W: w, OH: y.shape[1], OW: y.shape[2], C4: x.pitch / 4 },
      bindings: { dy: read(dy), dx: write(dx) },
      groups: grid.groups,
      flops: 5 * pixels * c,
    });
    return { x: dx };
  },
});
