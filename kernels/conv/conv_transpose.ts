// kernels/conv/conv_transpose.ts: transposed convolution, NHWC (torch's ConvTranspose2d; pix2pixHD's upsampling)
//
//   y[n,oy,ox,o] = act( sum of x[n,iy,ix,c] * w[ky,kx,c,o] over s*iy + ky - p = oy, s*ix + kx - p = ox, and c, / sigma + b[o] )
//   size: (H - 1) * s - 2p + k + output_padding
//
// It is the adjoint of the conv2d from y's size to x's, so there are no kernels of its own: the forward is that conv's data gradient, and
// in the backward
//   dx   is that conv of dz
//   dw   is that conv's weight gradient with dz as its input and x as the gradient of its result; then turned, as w is stored turned
// Weights are stored turned, as conv2d_dx.ts reads them: taps in reverse order, [taps][Cin][Cout]. So the columns that spectral norm sees
// are Cout here too (in torch, dim 1 of [Cin,Cout,kh,kw]).
// FLOPs: 2 * N*H*W * KH*KW*Cin*Cout. traffic, variants: conv2d_dx.ts.

import { activationGradient } from "../shape/activation.ts";
import type { Activation } from "../parts/activation_wgsl.ts";
import { conv2d, packConv, unpackConv } from "./conv2d.ts";
import { gatherGradient, turned } from "./conv2d_dx.ts";
import { packV } from "../norm/spectral.ts";
import { columnSums, negatedDot } from "../parts/sums.ts";
import { weightGradient } from "./weight_gradient.ts";
import { defineOp, pad4, SpadeError, type Graph, type Tensor } from "../../src/runtime/index.ts";

export interface ConvTransposeArgs {
  /** [N,H,W,Cin] */
  x: Tensor;
  /** [KH*KW, Cin padded to 4, Cout], from packConvTranspose */
  w: Tensor;
  k: number;
  stride: number;
  pad: number;
  /** Rows and columns added at the lower and right end; less than the stride. */
  outputPadding: number;
  /** [Cout] */
  bias?: Tensor;
  /** [1] */
  sigma?: Tensor;
  act?: Activation;
}

/** [a,b,kh,kw] to [b,a,kh,kw] with taps in reverse order. Applied to the result (and its shape), it is its own inverse. */
function turn(values: Float32Array, [a, b, kh, kw]: readonly number[]): Float32Array {
  const taps = kh * kw;
  const out = new Float32Array(values.length);
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let t = 0; t < taps; t++) out[(j * a + i) * taps + taps - 1 - t] = values[(i * b + j) * taps + t];
  return out;
}

/** Published weights, [Cin,Cout,kh,kw], to [taps in reverse order][Cin padded][Cout], dense. */
export function packConvTranspose(
  values: Float32Array,
  [i, o, kh, kw]: readonly number[],
): { data: Float32Array; shape: number[] } {
  return packConv(turn(values, [i, o, kh, kw]), [o, i, kh, kw]);
}

/** Undoes packConvTranspose. */
export function unpackConvTranspose(data: Float32Array, [i, o, kh, kw]: readonly number[]): Float32Array {
  return turn(unpackConv(data, [o, i, kh, kw]), [o, i, kh, kw]);
}

/** The published v of such weights, index (ci*kh+ky)*kw+kx, to [taps in reverse order][Cin]. */
export function packTransposedV(published: Float32Array, cin: number, k: number): Float32Array {
  return packV(turn(published, [1, cin, k, k]), cin, k, k);
}

/** Undoes packTransposedV. */
export function unpackTransposedV(v: Float32Array, cin: number, k: number): Float32Array {
  return turn(packV(v, k * k, cin, 1), [cin, 1, k, k]);
}

/** Shape rule. @throws SpadeError shape */
export function convTransposePlan(
  x: readonly number[],
  w: readonly number[],
  { k, stride, pad, outputPadding }: Pick<ConvTransposeArgs, "k" | "stride" | "pad" | "outputPadding">,
): { out: number[]; flops: number } {
  const [n, h, wd, c] = x;
  if (x.length !== 4 || w[0] !== k * k || w[1] !== pad4(c) || outputPadding >= stride) {
    throw new SpadeError(
      "shape",
      "conv_transpose",
      `weights [${w.join(",")}] do not fit x [${x.join(",")}] with a ${k}x${k} kernel, stride ${stride}, output padding ${outputPadding}`,
      "pack the weights of this layer with packConvTranspose; the output padding is less than the stride",
    );
  }
  const size = (s: number): number => (s - 1) * stride - 2 * pad + k + outputPadding;
  return { out: [n, size(h), size(wd), w[2]], flops: 2 * n * h * wd * k * k * c * w[2] };
}

export const convTranspose = defineOp<ConvTransposeArgs, Tensor>({
  name: "conv_transpose",
  forward(g: Graph, a) {
    const { x, w, k, stride, pad, bias, sigma, act } = a;
    const { out } = convTransposePlan(x.shape, w.shape, a);
    return gatherGradient(g, {
      dz: x,
      turned: w,
      kh: k,
      kw: k,
      stride,
      pad,
      sigma,
      bias,
      act,
      shape: out,
    });
  },
  backward(g, a, y, dy, wanted) {
    const { x, w, k, stride, pad, bias, sigma, act = "none" } = a;
    const grads: Partial<Record<keyof ConvTransposeArgs, Tensor>> = {};
    const size = { kh: k, kw: k, stride, pad };
    const dz = act === "none" ? dy : activationGradient(g, { y, dy, kind: act });
    if (wanted.has("bias")) grads.bias = columnSums(g, dz, dz.pitch, [...bias!.shape]);
    if (wanted.has("w") || wanted.has("sigma")) {
      const [taps, , cout] = w.shape;
      const cin = x.shape[3];
      const dw = weightGradient(g, { x: dz, dz: g.again(x), shape: [taps, pad4(cout), cin], ...size, sigma });
      const dwTurned = turned(g, dw, cout);
      if (wanted.has("w")) grads.w = dwTurned;
      if (wanted.has("sigma")) grads.sigma = negatedDot(g, dwTurned, w, sigma!);
    }
    if (wanted.has("x")) grads.x = conv2d(g, { x: dz, w: turned(g, w, x.shape[3]), ...size, sigma });
    return grads;
  },
});
