// kernels/shape/reflect_pad.ts: reflection padding that does not repeat the border itself (torch's ReflectionPad2d; pix2pixHD's convs)
//
//   y[n,oy,ox,c] = x[n, r(oy - p, H), r(ox - p, W), c]        r(i, size) = last - | last - |i| |,  last = size - 1,  p < H, W
//
// Backward: dx[i] = sum of dy over the copies of i along each axis: i itself, its mirror image before the start (if 1 <= i <= p) and
// behind the end (if last - p <= i < last), so at most 9 pixels. Each thread gathers them in one fixed order.
// traffic: x and y once.

import reflectPadText from "../../shaders/shape/reflect_pad.wgsl";
import indexText from "../../shaders/shape/reflect_pad_index.wgsl";
import backwardText from "../../shaders/shape/reflect_pad_backward.wgsl";
import { defineOp, product, read, SpadeError, write, type Graph, type Tensor } from "../../src/runtime/index.ts";
import { strided } from "../parts/grid.ts";

export interface ReflectPadArgs {
  /** [N,H,W,C] */
  x: Tensor;
  /** Pixels on every side, less than H and W. */
  pad: number;
}

/** Shape rule. @throws SpadeError shape */
export function reflectPadPlan(x: readonly number[], pad: number): number[] {
  const [n, h, w, c] = x;
  if (x.length !== 4 || pad < 0 || pad >= h || pad >= w) {
    throw new SpadeError(
      "shape",
      "reflect_pad",
      `x [${x.join(",")}] has no ${pad} pixels beside its border to reflect`,
      `give [N,H,W,C] of more than ${pad} rows and columns: a larger picture, or fewer downsamplings`,
    );
  }
  return [n, h + 2 * pad, w + 2 * pad, c];
}

export const reflectPad = defineOp<ReflectPadArgs, Tensor>({
  name: "reflect_pad",
  forward(g: Graph, { x, pad }) {
    const y = g.temp("y", reflectPadPlan(x.shape, pad), x.dtype);
    const n4 = (product(y.shape.slice(0, 3)) * y.pitch) / 4;
    g.dispatch({
      shader: { name: "reflect_pad", text: `${reflectPadText}\n${indexText}` },
      sizes: { N4: n4, C4: x.pitch / 4, H: x.shape[1], W: x.shape[2], PAD: pad },
      bindings: { x: read(x), y: write(y) },
      groups: strided(g.target, n4),
      flops: 0,
    });
    return y;
  },
  backward(g, { x, pad }, _y, dy) {
    const dx = g.temp("dx", x.shape, dy.dtype);
    const n4 = (product(x.shape.slice(0, 3)) * dx.pitch) / 4;
    g.dispatch({
      shader: { name: "reflect_pad_backward", text: backwardText },
      sizes: { N4: n4, C4: dx.pitch / 4, H: x.shape[1], W: x.shape[2], PAD: pad },
      bindings: { dy: read(dy), dx: write(dx) },
      groups: strided(g.target, n4),
      flops: product(dy.shape),
    });
    return { x: dx };
  },
});
