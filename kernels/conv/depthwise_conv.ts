// kernels/conv/depthwise_conv.ts: depthwise convolution, NHWC: every channel has a kernel of its own (MobileNet)
//
//   y[n,oy,ox,c] = act( sum_{ky,kx} x[n, oy*s + ky*d - top, ox*s + kx*d - left, c] * w[ky,kx,c] + b[c] )
//   size: floor((H + top + bottom - (KH - 1) * d - 1) / s) + 1
//
// Zero padding with a number for each side, as TensorFlow's SAME needs it with a stride. A scale and an offset of each channel that follow the
// sum need no op: they are exact as w * scale and b * scale + offset.
// Backward, with dz = dy * act' (computed from act's result):
//   dx      dx[n,iy,ix,c] = sum over the taps with iy + top - ky*d = s*oy and ix + left - kx*d = s*ox of dz[n,oy,ox,c] * w[ky,kx,c];
//           a gather, one vec4 of dx a thread
//   dw      sum of x * dz over pixels, in slices that are added in order
//   dbias   sum of dz over pixels
// FLOPs: 2 * N*OH*OW * KH*KW*C, so few for each value that memory sets the time: traffic is x and y once, and w.
//
// Variants of the forward:
//   strip    a thread computes STRIP pixels of a row of y, which lie d apart, so that they read the same pixels of x: for 3x3 with stride 1
//            18 loads of x for 4 pixels instead of 36, and each weight once
//   direct   one pixel a thread, for kernels too wide for registers
// lavapipe, 2 cores, with a training beside, 3x3, ms of direct and strip: 257x257x32 21.4 and 8.5; stride 2, 257x257x96 14.9 and 9.8;
// 129x129x304 43.5 and 20.0; dilation 2, 65x65x384 25.8 and 12.1; dilation 4, 65x65x960 32.2 and 16.9.

import { activationGradient } from "../shape/activation.ts";
import type { Activation } from "../parts/activation_wgsl.ts";
import { epilogue } from "../parts/epilogue.ts";
import { rowGrid } from "../parts/grid.ts";
import { linesOf, span } from "../parts/registers_wgsl.ts";
import { columnSums, sqrtSlices, sumSlices } from "../parts/sums.ts";
import { choose } from "../parts/variants.ts";
import directText from "../../shaders/conv/depthwise_conv.wgsl";
import dwText from "../../shaders/conv/depthwise_conv_dw.wgsl";
import dxText from "../../shaders/conv/depthwise_conv_dx.wgsl";
import stripText from "../../shaders/conv/depthwise_conv_strip.wgsl";
import {
  ceilDiv,
  defineOp,
  product,
  read,
  SpadeError,
  write,
  type Graph,
  type Tensor,
  type TextConstants,
} from "../../src/runtime/index.ts";

export interface DepthwiseConvArgs {
  /** [N,H,W,C] */
  x: Tensor;
  /** [KH*KW, C], from packDepthwise */
  w: Tensor;
  kh: number;
  kw: number;
  /** [C] */
  bias?: Tensor;
  /** 1 by default. */
  stride?: number;
  /** Pixels from tap to tap, 1 by default. */
  dilation?: number;
  /** Rows and columns of zeros: top, left, bottom, right; none by default. */
  pad?: readonly [top: number, left: number, bottom: number, right: number];
  act?: Activation;
}

/** Published weights [C,1,KH,KW] to [KH*KW, C], dense (rows are padded at upload). */
export function packDepthwise(
  values: Float32Array,
  [c, , kh, kw]: readonly number[],
): { data: Float32Array; shape: number[] } {
  const taps = kh * kw;
  const data = new Float32Array(values.length);
  for (let ch = 0; ch < c; ch++) for (let t = 0; t < taps; t++) data[t * c + ch] = values[ch * taps + t];
  return { data, shape: [taps, c] };
}

/** Undoes packDepthwise. */
export const unpackDepthwise = (data: Float32Array, [c, , kh, kw]: readonly number[]): Float32Array =>
  packDepthwise(data, [kh * kw, 1, c, 1]).data;

/** Shape rule: the result's shape. @throws SpadeError shape */
export function depthwisePlan(
  x: readonly number[],
  w: readonly number[],
  { kh, kw, stride = 1, dilation = 1, pad = [0, 0, 0, 0] }: Omit<DepthwiseConvArgs, "x" | "w">,
): number[] {
  const fail = (problem: string, fix: string): never => {
    throw new SpadeError("shape", "depthwise_conv", problem, fix);
  };
  if (x.length !== 4 || w[0] !== kh * kw || w[1] !== x[3])
    fail(
      `weights [${w.join(",")}] do not fit x [${x.join(",")}] with a ${kh}x${kw} kernel`,
      "pack the weights of this layer with packDepthwise",
    );
  const [top, left, bottom, right] = pad;
  const oh = Math.floor((x[1] + top + bottom - (kh - 1) * dilation - 1) / stride) + 1;
  const ow = Math.floor((x[2] + left + right - (kw - 1) * dilation - 1) / stride) + 1;
  if (oh < 1 || ow < 1)
    fail(
      `a ${kh}x${kw} kernel with dilation ${dilation} does not fit into x [${x.join(",")}]`,
      "give a larger picture or more padding",
    );
  return [x[0], oh, ow, x[3]];
}

/** Sizes of all passes; y is the conv's result, also in the backward. */
const sizesOf = (
  x: Tensor,
  [, oh, ow]: readonly number[],
  { kh, kw, stride = 1, dilation = 1, pad = [0, 0, 0, 0] }: DepthwiseConvArgs,
): Record<string, number> => ({
  H: x.shape[1],
  W: x.shape[2],
  C4: x.pitch / 4,
  OH: oh,
  OW: ow,
  KH: kh,
  KW: kw,
  STRIDE: stride,
  DILATION: dilation,
  TOP: pad[0],
  LEFT: pad[1],
});

/** Pixels of a strip. Chosen: on a busy lavapipe 2, 4 and 8 differ by no more than the runs do. */
const STRIP = 4;

/** Text constants of depthwise_conv_strip.wgsl. */
function stripConstants(kw: number, stride: number): TextConstants {
  const pixels = span(STRIP);
  const columns = span((STRIP - 1) * stride + kw);
  // Column j is the tap j - stride * p of pixel p.
  const sums = (j: number): string =>
    pixels
      .filter((p) => j - stride * p >= 0 && j - stride * p < kw)
      .map((p) => `s${p} += v * w${j - stride * p};`)
      .join(" ");
  return {
    STRIP,
    declare: linesOf(
      pixels.map((p) => `var s${p} = vec4f(0.0);`),
      STRIP,
    ),
    weights: linesOf(
      span(kw).map((k) => `let w${k} = vec4f(w[taps + ${k}u * $C4]);`),
      1,
      "    ",
    ),
    columns: columns
      .filter((j) => sums(j))
      .map((j) => `    { let v = input(line, ix + ${j} * i32($DILATION), c); ${sums(j)} }`)
      .join("\n"),
    store: linesOf(
      pixels.map((p) => `put(row, ox + ${p}u * $DILATION, c, s${p});`),
      1,
    ),
  };
}

export const depthwiseConv = defineOp<DepthwiseConvArgs, Tensor>({
  name: "depthwise_conv",
  forward(g: Graph, a) {
    const { x, w, kh, kw, stride = 1, dilation = 1 } = a;
    const y = g.temp("y", depthwisePlan(x.shape, w.shape, a), x.dtype);
    const [n, oh, ow, c] = y.shape;
    const variant = choose("depthwise_conv", g.target, { kh, kw, stride, dilation, c, h: x.shape[1], w: x.shape[2] });
    const strip = variant === "strip";
    // Strips of a row: pixels that lie DILATION apart, from each of the first DILATION.
    const strips = strip ? ceilDiv(ow, STRIP * dilation) * dilation : ow;
    const grid = rowGrid(x.pitch / 4, n * oh * strips);
    const end = epilogue(a);
    g.dispatch({
      shader: strip
        ? { name: "depthwise_conv_strip", text: `${stripText}\n${end.text}` }
        : { name: "depthwise_conv", text: `${directText}\n${end.text}` },
      constants: { ...grid.constants, ...(strip ? stripConstants(kw, stride) : {}), ...end.constants },
      sizes: { ...sizesOf(x, y.shape, a), PLACES: n * oh * strips, ...(strip ? { STRIPS: strips } : {}) },
      bindings: { x: read(x), w: read(w), ...end.bindings, y: write(y) },
      groups: grid.groups,
      flops: 2 * n * oh * ow * kh * kw * c,
    });
    return y;
  },
  backward(g, a, y, dy, wanted) {
    const { x, w, bias, kh, kw, act = "none" } = a;
    const grads: Partial<Record<keyof DepthwiseConvArgs, Tensor>> = {};
    const dz = act === "none" ? dy : activationGradient(g, { y, dy, kind: act });
    const sizes = sizesOf(x, y.shape, a);
    const flops = 2 * product(y.shape) * kh * kw;
    if (wanted.has("bias")) grads.bias = columnSums(g, dz, dz.pitch, [...bias!.shape]);
    if (wanted.has("w")) {
      const pixels = product(y.shape.slice(0, 3));
      const { len, slices } = sqrtSlices(pixels);
      const parts = g.temp("parts", [slices, ...w.shape]);
      const grid = rowGrid(x.pitch / 4, slices * kh * kw);
      g.dispatch({
        shader: { name: "depthwise_conv_dw", text: dwText },
        constants: grid.constants,
        sizes: { ...sizes, PIXELS: pixels, LEN: len, PLACES: slices * kh * kw },
        bindings: { x: read(g.again(x)), dz: read(dz), parts: write(parts) },
        groups: grid.groups,
        flops,
      });
      grads.w = sumSlices(g, parts, slices, g.temp("dw", w.shape));
    }
    if (wanted.has("x")) {
      const dx = g.temp("dx", x.shape, dz.dtype);
      const pixels = product(x.shape.slice(0, 3));
      const grid = rowGrid(x.pitch / 4, pixels);
      g.dispatch({
        shader: { name: "depthwise_conv_dx", text: dxText },
        constants: grid.constants,
        sizes: { ...sizes, PLACES: pixels },
        bindings: { dz: read(dz), w: read(w), dx: write(dx) },
        groups: grid.groups,
        flops,
      });
      grads.x = dx;
    }
    return grads;
  },
});
