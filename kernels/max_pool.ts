// kernels/max_pool.ts: max pooling without padding (VGG19: 2x2, stride 2; SqueezeNet: 3x3, stride 2, sizes rounded up)
//
//   y[n,oy,ox,c] = max of x over the k x k window at (s*oy, s*ox), as far as it lies in the picture
//   size: floor((size - k) / s) + 1, or ceil: one window more where the last one would leave pixels over and starts inside
//
// Backward: dy goes to the first largest value of the window in raster order, as torch does. A gather: every pixel looks at the
// windows that hold it (1 of 2x2/2, up to 4 of 3x3/2) and asks of the taps before it whether one was as large; no index is kept.
// traffic: x once, a quarter written; backward x, y, dy read and dx written, taps from a cache.
// lavapipe, 2x2 on 256x256x64: forward 4.1 to 7.6 ms, backward 34 to 37; 3x3/2 on 125x125x96: 2.2 to 4.1, backward 16 to 24.

import maxPoolText from "../shaders/max_pool.wgsl";
import backwardText from "../shaders/max_pool_backward.wgsl";
import {
  ceilDiv,
  defineOp,
  product,
  read,
  readScalars,
  SpadeError,
  write,
  writeScalars,
  type Graph,
  type Tensor,
} from "../src/runtime/index.ts";
import { lanes, rowGroups, Y_SPAN } from "./segments.ts";

export interface MaxPoolArgs {
  /** [N,H,W,C] */
  x: Tensor;
  k: number;
  stride: number;
  /** Round sizes up instead of down. */
  ceil?: boolean;
}

/** 255 is the place of no pixel. */
const MOST_K = 15;

/** Shape rule. @throws SpadeError shape, unsupported */
export function maxPoolPlan(x: readonly number[], k: number, stride: number, ceil = false): number[] {
  if (x.length !== 4 || x[1] < k || x[2] < k) {
    throw new SpadeError(
      "shape",
      "max_pool",
      `x [${x.join(",")}] holds no ${k}x${k} window`,
      "give [N,H,W,C] of at least the window's size",
    );
  }
  if (k > MOST_K)
    throw new SpadeError(
      "unsupported",
      "max_pool",
      `a window of ${k}x${k} has more places than a byte tells apart`,
      `use windows up to ${MOST_K}x${MOST_K}`,
    );
  const size = (n: number): number => {
    if (!ceil) return Math.floor((n - k) / stride) + 1;
    const out = ceilDiv(n - k, stride) + 1;
    return (out - 1) * stride < n ? out : out - 1;
  };
  return [x[0], size(x[1]), size(x[2]), x[3]];
}

/** The windows' largest values, or their places in the window (words of four bytes), from one reading of x. */
function pool(g: Graph, { x, k, stride }: MaxPoolArgs, y: Tensor, places: boolean): void {
  const c4 = x.pitch / 4;
  const [n, oh, ow] = y.shape;
  g.dispatch({
    shader: { name: "max_pool", text: maxPoolText },
    constants: { ...lanes(c4), K: k, STRIDE: stride, places },
    sizes: { PIXELS: n * oh * ow, H: x.shape[1], W: x.shape[2], OH: oh, OW: ow, C4: c4, YSPAN: Y_SPAN },
    bindings: { x: read(x), y: places ? writeScalars(y) : write(y) },
    groups: rowGroups(c4, n * oh * ow),
    flops: k * k * n * oh * ow * x.shape[3],
  });
}

export const maxPool = defineOp<MaxPoolArgs, Tensor>({
  name: "max_pool",
  forward(g: Graph, args) {
    const { x, k, stride, ceil } = args;
    const y = g.temp("y", maxPoolPlan(x.shape, k, stride, ceil), x.dtype);
    pool(g, args, y, false);
    return y;
  },
  recompute: true,
  backward(g, args, y, dy) {
    const { k, stride } = args;
    const x = g.again(args.x);
    const [n, h, w] = x.shape;
    const [, oh, ow] = y.shape;
    const c4 = x.pitch / 4;
    const places = g.temp("places", [n, oh, ow, c4], "u32");
    pool(g, { x, k, stride }, places, true);
    const dx = g.temp("dx", x.shape, x.dtype);
    const [bh, bw] = [ceilDiv(h, stride), ceilDiv(w, stride)];
    g.dispatch({
      shader: { name: "max_pool_backward", text: backwardText },
      constants: { ...lanes(c4), K: k, STRIDE: stride, REACH: ceilDiv(k, stride) },
      sizes: { BLOCKS: n * bh * bw, H: h, W: w, BH: bh, BW: bw, OH: oh, OW: ow, C4: c4, YSPAN: Y_SPAN },
      bindings: { places: readScalars(places), dy: read(dy), dx: write(dx) },
      groups: rowGroups(c4, n * bh * bw),
      flops: k * k * product(y.shape),
    });
    return { x: dx };
  },
});
