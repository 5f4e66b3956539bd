// kernels/conv/conv2d_dx.ts: the adjoint of a convolution: its data gradient, and the forward of a transposed convolution
//
//   dx[n,iy,ix,c] = sum over taps with iy + p - ky = s * oy, ix + p - kx = s * ox, and o, of dz[n,oy,ox,o] * w[ky,kx,c,o] / sigma
//
// A gather, for any stride and any adapter: the pixels of a thread are a stride apart, so that they use the same taps, and taps between
// results are not visited. Weights are read turned: taps in reverse order, channels exchanged. (With stride 1, dx is an ordinary
// convolution of dz with these weights.)
// FLOPs: 2 * N*OH*OW * KH*KW*Cin*Cout. traffic: dz once for each of KH*KW / s^2 taps (mostly from a cache), w, dx once.

import type { Activation } from "../parts/activation_wgsl.ts";
import { residualEpilogue } from "../parts/epilogue.ts";
import { layered } from "../parts/grid.ts";
import { convSizes } from "./conv_args.ts";
import dxText from "../../shaders/conv/conv2d_dx.wgsl";
import stripText from "../../shaders/conv/conv2d_strip.wgsl";
import turnText from "../../shaders/conv/conv2d_dx_turn.wgsl";
import { ceilDiv, product, read, write, type Graph, type Tensor } from "../../src/runtime/index.ts";

/** Packed weights [taps, Cin padded to 4, Cout] with taps in reverse order and channels exchanged: [taps, Cout padded to 4, Cin]. */
export function turned(g: Graph, w: Tensor, cin: number): Tensor {
  const [taps, cin4] = w.shape;
  const result = g.temp("turned", [taps, w.pitch, cin], w.dtype);
  g.dispatch({
    shader: { name: "conv2d_dx_turn", text: turnText },
    sizes: { TAPS: taps, C4: cin4 / 4, CO4: w.pitch / 4 },
    bindings: { w: read(w), turned: write(result) },
    groups: [ceilDiv(cin4 / 4, 8), ceilDiv(w.pitch / 4, 8), taps],
    flops: 0,
  });
  return result;
}

export interface AdjointArgs {
  /** [N,OH,OW,Cout] of the conv */
  dz: Tensor;
  /** The conv's weights, turned */
  turned: Tensor;
  kh: number;
  kw: number;
  stride: number;
  pad: number;
  /** [1] */
  sigma?: Tensor;
  /** [Cin]; bias and act are for transposed convs. */
  bias?: Tensor;
  act?: Activation;
  /** Shape of the result, [N,H,W,Cin] of the conv */
  shape: readonly number[];
}

/** Pixels of a strip: conv2d_strip.wgsl is written for 4. */
export const STRIP_PIXELS = 4;

export function gatherGradient(g: Graph, a: AdjointArgs): Tensor {
  const { dz, kh, kw, stride, shape } = a;
  const end = residualEpilogue(a);
  const [n, h, wd, c] = shape;
  const dx = g.temp("dx", shape, dz.dtype);
  const grid = layered(ceilDiv(n * h * stride * ceilDiv(ceilDiv(wd, stride), STRIP_PIXELS), 8));
  g.dispatch({
    shader: { name: "conv2d_dx", text: `${dxText}\n${stripText}\n${end.text}` },
    constants: end.constants,
    sizes: convSizes(dz, dx, a),
    bindings: {
      x: read(dz),
      w: read(a.turned),
      ...end.bindings,
      y: write(dx),
    },
    groups: [grid.x, ceilDiv(ceilDiv(dx.pitch / 4, 2), 8), grid.layers],
    flops: 2 * product(dz.shape) * kh * kw * c,
  });
  return dx;
}
