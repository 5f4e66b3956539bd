// kernels/conv/conv2d.ts: two-dimensional convolution, NHWC, zero padding
//
//   y[n,oy,ox,o] = act( sum_{ky,kx,c} x[n, oy*s+ky-p, ox*s+kx-p, c] * w[ky,kx,c,o] / sigma + b[o] ) + residual[n,oy,ox,o]
//
// sigma is the scalar of spectral norm (Miyato et al. 2018): weights are never divided in memory, neither for inference nor for training.
// Backward, with dz = dy * act' (computed from act's result):
//   dx         with stride 1, the same conv of dz with turned weights (taps in reverse order, channels exchanged) and pad k-1-p; with a
//              stride, or by subgroups, a gather (conv2d_dx.ts, conv2d_subgroup.ts)
//   dw         a product over pixels, / sigma (weight_gradient.ts); x is computed again if its op is marked `recompute` (g.again)
//   dsigma     -<dw, w> / sigma         dbias: sum of dz over pixels         dresidual: dy, or its 2x2 sums
// FLOPs: 2 * N*OH*OW * KH*KW*Cin*Cout. traffic: at least x, w and y once.
//
// Variants: winograd (winograd.ts) and gemm (1x1 as a matrix product) read derived copies of the weights. Without such copies: subgroup
// (conv2d_subgroup.ts), on lavapipe 3 to 9 x as fast as direct; direct, in this file, on any adapter.
// lavapipe, 2 cores: dx of 3x3, 64 -> 64 at 64x64 11.7 ms (two pictures 22).

import { activationGradient } from "../shape/activation.ts";
import { residualEpilogue } from "../parts/epilogue.ts";
import { convSizes, type ConvArgs } from "./conv_args.ts";
import { blockColumns } from "./block_columns.ts";
import { subgroupConv } from "./conv2d_subgroup.ts";
import { gatherGradient, STRIP_PIXELS, turned } from "./conv2d_dx.ts";
import { extentGroups, extentParts } from "../parts/extent.ts";
import { gemm } from "../parts/gemm.ts";
import { layered } from "../parts/grid.ts";
import { choose } from "../parts/variants.ts";
import { columnSums, negatedDot, sum2x2 } from "../parts/sums.ts";
import { weightGradient } from "./weight_gradient.ts";
import { winogradConv, winogradWeights } from "./winograd.ts";
import direct from "../../shaders/conv/conv2d_direct.wgsl";
import stripText from "../../shaders/conv/conv2d_strip.wgsl";
import {
  ceilDiv,
  defineOp,
  pad4,
  product,
  read,
  SpadeError,
  write,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";

/** Published OIHW weights to [tap][Cin padded][Cout], dense (rows are padded at upload). */
export function packConv(
  oihw: Float32Array,
  [o, i, kh, kw]: readonly number[],
): { data: Float32Array; shape: number[] } {
  const ip = pad4(i);
  const taps = kh * kw;
  const data = new Float32Array(taps * ip * o);
  for (let co = 0; co < o; co++) {
    for (let ci = 0; ci < i; ci++) {
      const from = (co * i + ci) * taps;
      for (let t = 0; t < taps; t++) data[(t * ip + ci) * o + co] = oihw[from + t];
    }
  }
  return { data, shape: [taps, ip, o] };
}

/** Undoes packConv. */
export function unpackConv(data: Float32Array, [o, i, kh, kw]: readonly number[]): Float32Array {
  const ip = pad4(i);
  const taps = kh * kw;
  const oihw = new Float32Array(o * i * taps);
  for (let co = 0; co < o; co++) {
    for (let ci = 0; ci < i; ci++)
      for (let t = 0; t < taps; t++) oihw[(co * i + ci) * taps + t] = data[(t * ip + ci) * o + co];
  }
  return oihw;
}

/** Shape rule of a conv. @throws SpadeError shape */
export function convPlan(
  x: readonly number[],
  w: readonly number[],
  kh: number,
  kw: number,
  stride = 1,
  pad = 0,
): { out: number[]; flops: number } {
  const [n, h, wd, c] = x;
  if (w[0] !== kh * kw || w[1] !== pad4(c)) {
    throw new SpadeError(
      "shape",
      "conv2d",
      `weights [${w.join(",")}] do not fit x [${x.join(",")}] with a ${kh}x${kw} kernel`,
      "pack the weights of this layer with packConv",
    );
  }
  const oh = Math.floor((h + 2 * pad - kh) / stride) + 1;
  const ow = Math.floor((wd + 2 * pad - kw) / stride) + 1;
  return { out: [n, oh, ow, w[2]], flops: 2 * n * oh * ow * kh * kw * c * w[2] };
}

/** 1 if the residual is read through its x2 upsampling, 0 if it has the output's size. @throws SpadeError shape: neither */
export function residualUp(residual: Tensor | undefined, out: readonly number[]): number {
  if (!residual) return 0;
  const up = residual.shape[1] * 2 === out[1] && residual.shape[2] * 2 === out[2] ? 1 : 0;
  const fits = up || (residual.shape[1] === out[1] && residual.shape[2] === out[2]);
  if (!fits || residual.shape[0] !== out[0] || residual.shape[3] !== out[3]) {
    throw new SpadeError(
      "shape",
      "conv2d",
      `residual [${residual.shape.join(",")}] does not fit the result [${out.join(",")}]`,
      "give a residual of the result's size or half of it",
    );
  }
  return up;
}

function directConv(g: Graph, a: ConvArgs, out: readonly number[], rup: number, flops: number): Tensor {
  const { x, w } = a;
  const y = g.temp("y", out, x.dtype);
  const [n, oh, ow] = out;
  const end = residualEpilogue(a);
  const parts = extentParts(a.extent);
  // A strip a thread, or a tile.
  const grid = layered(ceilDiv(a.extent ? ceilDiv(oh, 2) * ceilDiv(ow, 2) : n * oh * ceilDiv(ow, STRIP_PIXELS), 8));
  g.dispatch({
    shader: { name: "conv2d_direct", text: `${direct}\n${stripText}\n${end.text}\n${parts.text}` },
    constants: { ...end.constants, ...parts.constants },
    sizes: { ...convSizes(x, y, a), RUP: rup },
    constantSizes: ["KH", "KW", "STRIDE", "C4", "CO4"],
    bindings: { x: read(x), w: read(w), ...end.bindings, ...parts.bindings, y: write(y) },
    groups: [
      extentGroups(a.extent, grid.x, { per: 8 * grid.layers }),
      ceilDiv(ceilDiv(y.pitch / 4, 2), 8),
      grid.layers,
    ],
    flops,
  });
  return y;
}

/** 1x1, stride 1: a matrix product whose rows are the pixels. */
function gemmConv(g: Graph, a: ConvArgs & { blocked: Tensor }, out: readonly number[]): Tensor {
  const { x, blocked, sigma, bias, act, extent } = a;
  const y = g.temp("y", out, x.dtype);
  gemm(g, {
    a: x,
    b: blocked,
    c: y,
    batch: 1,
    m: out[0] * out[1] * out[2],
    k4: x.pitch / 4,
    n4: y.pitch / 4,
    aBatch: 0,
    bBlocks: blocked.shape[1],
    sigma,
    bias,
    act,
    pixels: extent && { extent, h: out[1], w: out[2] },
  });
  return y;
}

/** The derived copy of packed weights that the variant for this size of input reads, under its name in ConvArgs; {} if it reads w. */
export function deriveWeights(
  g: Graph,
  w: Tensor,
  size: { k: number; h: number; w: number },
): Pick<ConvArgs, "winograd" | "blocked"> {
  const [, cin, cout] = w.shape;
  const shape = { kh: size.k, kw: size.k, stride: 1, cin, cout, h: size.h, w: size.w, copies: true };
  const variant = choose("conv2d", g.target, shape);
  if (variant === "winograd") return { winograd: winogradWeights(g, { w }) };
  return variant === "gemm" ? { blocked: blockColumns(g, { w }) } : {};
}

export const conv2d = defineOp<ConvArgs, Tensor>({
  name: "conv2d",
  forward(g, a) {
    const { x, w, kh, kw, stride = 1, pad = 0, winograd } = a;
    const { out, flops } = convPlan(x.shape, w.shape, kh, kw, stride, pad);
    const rup = residualUp(a.residual, out);
    if (winograd) return winogradConv(g, { ...a, winograd }, out, rup);
    if (a.blocked && !a.residual) return gemmConv(g, { ...a, blocked: a.blocked }, out);
    const [, cin, cout] = w.shape;
    const shape = { kh, kw, stride, cin, cout, h: x.shape[1], w: x.shape[2], copies: false };
    if (choose("conv2d", g.target, shape) === "direct") return directConv(g, a, out, rup, flops);
    const y = g.temp("y", out, x.dtype);
    return subgroupConv(g, { ...a, y, transposed: false, stride, pad, rup, flops });
  },
  backward(g, a, y, dy, wanted) {
    const { x, w, bias, sigma, residual, kh, kw, stride = 1, pad = 0, act = "none" } = a;
    const grads: Partial<Record<keyof ConvArgs, Tensor>> = {};
    if (wanted.has("residual")) grads.residual = residualUp(residual, y.shape) ? sum2x2(g, dy) : dy;
    if (!(["x", "w", "bias", "sigma"] as const).some((name) => wanted.has(name))) return grads;
    const dz = act === "none" ? dy : activationGradient(g, { y: activated(g, a, y), dy, kind: act });
    if (wanted.has("bias")) grads.bias = columnSums(g, dz, dz.pitch, [...bias!.shape]);
    if (wanted.has("w") || wanted.has("sigma")) {
      const dw = weightGradient(g, { x: g.again(x), dz, shape: w.shape, kh, kw, stride, pad, sigma });
      if (wanted.has("w")) grads.w = dw;
      if (wanted.has("sigma")) grads.sigma = negatedDot(g, dw, w, sigma!);
    }
    // Last: a recomputed x, which dw needed, may be freed before.
    if (wanted.has("x")) grads.x = dataGradient(g, a, dz);
    return grads;
  },
});

/** The activation's result: y, or if a residual was added, computed again without it (no published net has both). */
const activated = (g: Graph, a: ConvArgs, y: Tensor): Tensor =>
  a.residual ? conv2d(g, { ...a, x: g.again(a.x), residual: undefined, moments: undefined }) : y;

function dataGradient(g: Graph, { x, w, kh, kw, sigma, stride = 1, pad = 0 }: ConvArgs, dz: Tensor): Tensor {
  const [, h, wd, c] = x.shape;
  const [, oh, ow] = dz.shape;
  // Whether dx is the same kind of conv, of dz; then the turned weights can have a derived copy, made here.
  const same = stride === 1 && kh === kw && pad < kh;
  const shape = { kh, kw, stride, cin: c, cout: w.pitch, h: same ? oh : h, w: same ? ow : wd, copies: same };
  const variant = choose("conv2d_dx", g.target, shape);
  const flops = 2 * product(dz.shape) * kh * kw * c;
  if (variant === "subgroup") {
    const dx = g.temp("dx", x.shape, dz.dtype);
    return subgroupConv(g, { x: dz, w, y: dx, transposed: true, kh, kw, stride, pad, sigma, flops });
  }
  const back = turned(g, w, c);
  if (!same) return gatherGradient(g, { dz, turned: back, kh, kw, stride, pad, sigma, shape: x.shape });
  const args = { x: dz, w: back, kh, kw, pad: kh - 1 - pad, sigma };
  if (variant === "winograd") return conv2d(g, { ...args, winograd: winogradWeights(g, { w: back }) });
  if (variant === "gemm") return conv2d(g, { ...args, blocked: blockColumns(g, { w: back }) });
  return directConv(g, args, x.shape, 0, flops);
}

export { ACTIVATION, type Activation } from "../parts/activation_wgsl.ts";
