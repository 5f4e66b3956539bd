// kernels/conv/conv2d_dx.ts: the adjoint of a strided convolution: a conv's data gradient, and a transposed conv's forward
//
//   dx[n,iy,ix,c] = sum over taps with iy + p - ky = s * oy, ix + p - kx = s * ox, and o, of dz[n,oy,ox,o] * w[ky,kx,c,o] / sigma
//
// A gather: a thread's pixels lie a stride apart, so that they meet the same taps; taps between results are not visited.
// Weights are read turned: taps back to front, channels swapped, which are also the weights of the stride-1 data gradient as a conv.

import type { Activation } from "../parts/activation_wgsl.ts";
import { epilogue } from "../parts/epilogue.ts";
import { pixelPairs, span } from "../parts/registers_wgsl.ts";
import { layered } from "../parts/grid.ts";
import dxText from "../../shaders/conv/conv2d_dx.wgsl";
import turnText from "../../shaders/conv/conv2d_dx_turn.wgsl";
import { ceilDiv, read, write, type Graph, type Tensor } from "../../src/runtime/index.ts";

/** Packed weights [taps, Cin padded to 4, Cout] with taps back to front and channels swapped: [taps, Cout padded to 4, Cin]. */
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
  /** [Cin]; bias and act are a transposed conv's */
  bias?: Tensor;
  act?: Activation;
  /** Of the result: [N,H,W,Cin] of the conv */
  shape: readonly number[];
}

const PX = 4;

export function gatherGradient(g: Graph, a: AdjointArgs): Tensor {
  const { dz, kh, kw, stride, pad, shape } = a;
  const end = epilogue(a);
  const [n, h, wd, c] = shape;
  const dx = g.temp("dx", shape, dz.dtype);
  const pixels = span(PX);
  const grid = layered(ceilDiv(n * h * stride * ceilDiv(ceilDiv(wd, stride), PX), 8));
  g.dispatch({
    shader: { name: "conv2d_dx", text: `${dxText}\n${end.text}` },
    constants: {
      ...pixelPairs(PX, (p) => `dz[at${p} + o]`),
      ...end.constants,
      taps: pixels
        .map(
          (p) =>
            `      let x${p} = ox + ${p}; let in${p} = f32(x${p} >= 0 && x${p} < i32($OW)); let at${p} = (row + u32(clamp(x${p}, 0, i32($OW) - 1))) * $CO4;`,
        )
        .join("\n"),
      store: pixels
        .map((p) => {
          const column = `ix + ${p}u * $STRIDE`;
          return `  if (${column} < $W) { let to = ((n * $H + iy) * $W + ${column}) * $C4 + c; dx[to] = dx_t(finish(a${p}, c)); if (c + 1u < $C4) { dx[to + 1u] = dx_t(finish(b${p}, c + 1u)); } }`;
        })
        .join("\n"),
    },
    sizes: {
      N: n,
      H: h,
      W: wd,
      C4: dx.pitch / 4,
      OH: dz.shape[1],
      OW: dz.shape[2],
      CO4: dz.pitch / 4,
      KH: kh,
      KW: kw,
      STRIDE: stride,
      PAD: pad,
      ROW: grid.x * 8,
    },
    bindings: {
      dz: read(dz),
      w: read(a.turned),
      ...end.bindings,
      dx: write(dx),
    },
    groups: [grid.x, ceilDiv(ceilDiv(dx.pitch / 4, 2), 8), grid.layers],
    flops: 2 * dz.shape[0] * dz.shape[1] * dz.shape[2] * dz.shape[3] * kh * kw * c,
  });
  return dx;
}
