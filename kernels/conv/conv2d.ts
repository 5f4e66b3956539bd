// kernels/conv/conv2d.ts: two-dimensional convolution, NHWC, zero padding
//
//   y[n,oy,ox,o] = act( sum_{ky,kx,c} x[n, oy*s+ky-p, ox*s+kx-p, c] * w[ky,kx,c,o] / sigma + b[o] ) + residual[n,oy,ox,o]
//
// sigma is spectral norm's scalar (Miyato et al. 2018): weights stay as stored, for inference and training alike.
// Backward, with dz = dy * act' (computed from act's result):
//   dx         the same conv of dz with taps turned back to front, channels swapped and pad k-1-p; with a stride, or by the subgroup
//              variant, a gather of its own
//   dw         weight_gradient.ts: a product over pixels, / sigma. x is computed again where its op says so (g.again)
//   dsigma     -<dw, w> / sigma         dbias: sum of dz over pixels         dresidual: dy, or its 2x2 sums
// Variants: Winograd (winograd.ts) and 1x1 as a matrix product (gemm.ts) where derived weights are given; else conv2d_subgroup.ts, 3 to 9 x
// the direct one's speed on lavapipe; direct, here, on any adapter.
// lavapipe, 2 cores: dx of 3x3, 64 -> 64 at 64x64 11.7 ms (two pictures 22).
// FLOPs: 2 * N*OH*OW * KH*KW*Cin*Cout. Floor in bytes: x + w + y once.

import { activationGradient } from "../shape/activation.ts";
import { residualEpilogue } from "../parts/epilogue.ts";
import { pixelPairs, span } from "../parts/registers_wgsl.ts";
import type { ConvArgs } from "./conv_args.ts";
import { blockColumns } from "./block_columns.ts";
import { subgroupConv } from "./conv2d_subgroup.ts";
import { gatherGradient, turned } from "./conv2d_dx.ts";
import { gemm } from "../parts/gemm.ts";
import { layered } from "../parts/grid.ts";
import { choose } from "../parts/variants.ts";
import { columnSums, negatedDot, sum2x2 } from "../parts/sums.ts";
import { weightGradient } from "./weight_gradient.ts";
import { winogradConv, winogradWeights } from "./winograd.ts";
import direct from "../../shaders/conv/conv2d_direct.wgsl";
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

/** 1 if the residual is to be read as its x2 upsampling, 0 if it has the output's size. */
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

const PX = 4;

function directConv(g: Graph, a: ConvArgs, out: readonly number[], rup: number, flops: number): Tensor {
  const { x, w, kh, kw, stride = 1, pad = 0 } = a;
  const y = g.temp("y", out, x.dtype);
  const [n, oh, ow] = out;
  const pixels = span(PX);
  const end = residualEpilogue(a);
  const grid = layered(ceilDiv(n * oh * ceilDiv(ow, PX), 8));
  g.dispatch({
    shader: { name: "conv2d_direct", text: `${direct}\n${end.text}` },
    constants: {
      ...pixelPairs(PX, (p) => `x[at${p} + c]`),
      ...end.constants,
      taps: pixels
        .map(
          (p) =>
            `      let x${p} = ix + i32(${p}u * $STRIDE); let in${p} = f32(x${p} >= 0 && x${p} < i32($W)); let at${p} = (row + u32(clamp(x${p}, 0, i32($W) - 1))) * $C4;`,
        )
        .join("\n"),
      store: pixels
        .map(
          (p) =>
            `  if (ox + ${p}u < $OW) { let o = ((n * $OH + oy) * $OW + ox + ${p}u) * $CO4; y[o + co] = y_t(finish_at(a${p}, n, oy, ox + ${p}u, co)); if (co + 1u < $CO4) { y[o + co + 1u] = y_t(finish_at(b${p}, n, oy, ox + ${p}u, co + 1u)); } }`,
        )
        .join("\n"),
    },
    sizes: {
      N: n,
      H: x.shape[1],
      W: x.shape[2],
      C4: x.pitch / 4,
      OH: oh,
      OW: ow,
      CO4: y.pitch / 4,
      KH: kh,
      KW: kw,
      STRIDE: stride,
      PAD: pad,
      RUP: rup,
      ROW: grid.x * 8,
    },
    bindings: { x: read(x), w: read(w), ...end.bindings, y: write(y) },
    groups: [grid.x, ceilDiv(ceilDiv(y.pitch / 4, 2), 8), grid.layers],
    flops,
  });
  return y;
}

/** 1x1, stride 1: pixels are the rows of a matrix product. */
function gemmConv(g: Graph, a: ConvArgs & { blocked: Tensor }, out: readonly number[]): Tensor {
  const { x, blocked, sigma, bias, act } = a;
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
  });
  return y;
}

/** The derived copy of packed weights with which a conv of this size runs best, under the name that ConvArgs gives it; none: w itself. */
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
    // Last, so that an x made again is gone by now.
    if (wanted.has("x")) grads.x = dataGradient(g, a, dz);
    return grads;
  },
});

/** The activation's result. Under a residual it is no longer to be seen and is made once more (no published net has both). */
const activated = (g: Graph, a: ConvArgs, y: Tensor): Tensor =>
  a.residual ? conv2d(g, { ...a, x: g.again(a.x), residual: undefined }) : y;

function dataGradient(g: Graph, { x, w, kh, kw, sigma, stride = 1, pad = 0 }: ConvArgs, dz: Tensor): Tensor {
  const [, h, wd, c] = x.shape;
  const [, oh, ow] = dz.shape;
  // The same conv of dz, with weights turned; a derived copy of those is made on the spot.
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
