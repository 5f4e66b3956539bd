// kernels/shape/max_pool.ts: max pooling without padding (VGG19: 2x2, stride 2; SqueezeNet: 3x3, stride 2, sizes rounded up)
//
//   y[n,oy,ox,c] = max of x over the k x k window at (s*oy, s*ox), clipped to the picture
//   size: floor((size - k) / s) + 1; with `ceil` one window more if the last one would leave pixels over and starts inside
//
// Backward: dy goes to the first largest value of the window in raster order, as in torch. Two passes, no atomics:
//   places[n,oy,ox,c] = index of that pixel in the window, one byte a channel, from one reading of x (y is not needed)
//   dx of a block of s x s pixels = sum of dy over the at most ceil(k/s)^2 windows that reach into it, where their place is the pixel
// traffic: x once, a quarter written; backward x and dy read, dx written, and places (a sixteenth of x) written and read.
//
// k and s are text constants, so loops are unrolled. That gave the forward 1.2 to 1.6 x on lavapipe (f16: 0.9 to 1.3) and costs a
// pipeline for each kind of pool (1.4 s to compile all three passes, against 0.3 s with loops over sizes). An earlier backward compared
// each pixel with all taps before it in every window; this one is 2.6 to 4 x as fast (f16: 4.2 to 7.3 x).
// lavapipe, batch 4, f32, on a busy machine: 3x3/2 of SqueezeNet at 256x256 (125x125x96, 62x62x256, 31x31x512) forward 16, 11, 6 ms,
// backward 57, 28, 14; at 128x96 (45x61x96, 22x30x256) forward 3.7, 3.0, backward 7.6, 5.6; VGG's 2x2 on 256x256x64 8 and 16.

import maxPoolText from "../../shaders/shape/max_pool.wgsl";
import backwardText from "../../shaders/shape/max_pool_backward.wgsl";
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
} from "../../src/runtime/index.ts";
import { rowGrid } from "../parts/grid.ts";

export interface MaxPoolArgs {
  /** [N,H,W,C] */
  x: Tensor;
  k: number;
  stride: number;
  /** Round sizes up instead of down. */
  ceil?: boolean;
}

/** The place that no pixel has: max_pool_backward gives it to windows that do not exist. */
const NO_PLACE = 255;

/** Largest k whose k * k places are all below NO_PLACE. */
const MOST_K = Math.floor(Math.sqrt(NO_PLACE));

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

/** Writes to y each window's largest value or, with `places`, its place in the window: four bytes in a u32. */
function pool(g: Graph, { x, k, stride }: MaxPoolArgs, y: Tensor, places: boolean): void {
  const c4 = x.pitch / 4;
  const [n, oh, ow] = y.shape;
  const grid = rowGrid(c4, n * oh * ow);
  g.dispatch({
    shader: { name: "max_pool", text: maxPoolText },
    constants: { ...grid.constants, K: k, STRIDE: stride, places },
    sizes: { PIXELS: n * oh * ow, H: x.shape[1], W: x.shape[2], OH: oh, OW: ow, C4: c4 },
    bindings: { x: read(x), y: places ? writeScalars(y) : write(y) },
    groups: grid.groups,
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
    const grid = rowGrid(c4, n * bh * bw);
    g.dispatch({
      shader: { name: "max_pool_backward", text: backwardText },
      constants: { ...grid.constants, K: k, STRIDE: stride, REACH: ceilDiv(k, stride), NO_PLACE },
      sizes: { BLOCKS: n * bh * bw, H: h, W: w, BH: bh, BW: bw, OH: oh, OW: ow, C4: c4 },
      bindings: { places: readScalars(places), dy: read(dy), dx: write(dx) },
      groups: grid.groups,
      flops: k * k * product(y.shape),
    });
    return { x: dx };
  },
});
