// kernels/max_pool.ts: max pooling without padding (VGG19: 2x2, stride 2; SqueezeNet: 3x3, stride 2, sizes rounded up)
//
//   y[n,oy,ox,c] = max of x over the k x k window at (s*oy, s*ox), as far as it lies in the picture
//   size: floor((size - k) / s) + 1, or ceil: one window more where the last one would leave pixels over and starts inside
//
// Backward: dy goes to the first largest value of the window in raster order, as torch does. A gather: every pixel looks at the
// windows that hold it (1 of 2x2/2, up to 4 of 3x3/2) and asks of the taps before it whether one was as large; no index is kept.
// traffic: x once, a quarter written; backward x, y, dy read and dx written, taps from a cache.
// lavapipe, 2x2 on 256x256x64: forward 4.1 to 7.6 ms, backward 34 to 37; 3x3/2 on 125x125x96: 2.2 to 4.1, backward 16 to 24.

import { Y_SPAN } from "./segments.ts";
import maxPoolText from "../shaders/max_pool.wgsl";
import backwardText from "../shaders/max_pool_backward.wgsl";
import { ceilDiv, defineOp, product, read, SpadeError, write, type Graph, type Tensor } from "../src/runtime/index.ts";

export interface MaxPoolArgs {
  /** [N,H,W,C] */
  x: Tensor;
  k: number;
  stride: number;
  /** Round sizes up instead of down. */
  ceil?: boolean;
}

/** Shape rule. @throws SpadeError shape */
export function maxPoolPlan(x: readonly number[], k: number, stride: number, ceil = false): number[] {
  if (x.length !== 4 || x[1] < k || x[2] < k) {
    throw new SpadeError(
      "shape",
      "max_pool",
      `x [${x.join(",")}] holds no ${k}x${k} window`,
      "give [N,H,W,C] of at least the window's size",
    );
  }
  const size = (n: number): number => {
    if (!ceil) return Math.floor((n - k) / stride) + 1;
    const out = ceilDiv(n - k, stride) + 1;
    return (out - 1) * stride < n ? out : out - 1;
  };
  return [x[0], size(x[1]), size(x[2]), x[3]];
}

const grid = (c4: number, pixels: number): [number, number, number] => [
  ceilDiv(c4, 8),
  ceilDiv(Math.min(pixels, Y_SPAN), 8),
  ceilDiv(pixels, Y_SPAN),
];

export const maxPool = defineOp<MaxPoolArgs, Tensor>({
  name: "max_pool",
  forward(g: Graph, { x, k, stride, ceil }) {
    const out = maxPoolPlan(x.shape, k, stride, ceil);
    const y = g.temp("y", out, x.dtype);
    const pixels = product(out.slice(0, 3));
    g.dispatch({
      shader: { name: "max_pool", text: maxPoolText },
      sizes: {
        PIXELS: pixels,
        H: x.shape[1],
        W: x.shape[2],
        OH: out[1],
        OW: out[2],
        C4: x.pitch / 4,
        K: k,
        STRIDE: stride,
        YSPAN: Y_SPAN,
      },
      bindings: { x: read(x), y: write(y) },
      groups: grid(x.pitch / 4, pixels),
      flops: k * k * product(out),
    });
    return y;
  },
  recompute: true,
  backward(g, { x, k, stride }, y, dy) {
    const dx = g.temp("dx", x.shape, x.dtype);
    const [n, h, w] = x.shape;
    g.dispatch({
      shader: { name: "max_pool_backward", text: backwardText },
      sizes: {
        PIXELS: n * h * w,
        H: h,
        W: w,
        OH: y.shape[1],
        OW: y.shape[2],
        C4: x.pitch / 4,
        K: k,
        STRIDE: stride,
        YSPAN: Y_SPAN,
      },
      bindings: { x: read(g.again(x)), y: read(g.again(y)), dy: read(dy), dx: write(dx) },
      groups: grid(x.pitch / 4, n * h * w),
      flops: k * k * product(x.shape),
    });
    return { x: dx };
  },
});
