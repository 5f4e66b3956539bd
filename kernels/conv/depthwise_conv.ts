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
//   rolling  a thread goes down the rows of x and computes STRIP columns of y, which lie d apart, as do the rows: for 3x3 with stride 1 it loads
//            6 pixels of x for 4 of y, and the weights once for a tile
//   direct   one pixel a thread, 9 loads of x and 9 of w, for kernels too large for registers
// lavapipe, 2 cores, 3x3, ms of direct and rolling: 257x257x32 19.9 and 3.3 (5 GB/s, where a copy reaches 7); stride 2, 257x257x96 16.2 and 10.8;
// 129x129x304 49.6 and 15.5; dilation 2, 65x65x384 15.0 and 3.5; dilation 4, 65x65x960 37.9 and 13.0. What is left are misses of the cache: with
// many channels the pixels that a tile reads lie far apart. Strips of one row, 18 loads of x and 9 of w for 4 pixels, took 8.5, 9.8, 20.0, 12.1
// and 16.9.

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
import rollingText from "../../shaders/conv/depthwise_conv_rolling.wgsl";
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

/** Columns of a tile. */
const STRIP = 4;

/**
 * Rows of a tile. On lavapipe tall ones, since each tile reads the rows of x that it has in common with the next. On hardware short ones, to
 * have more threads (not measured).
 */
const TALL = { software: 16, hardware: 4 };

/** Text constants of depthwise_conv_rolling.wgsl. */
function rollingConstants(kh: number, kw: number, stride: number): TextConstants {
  const pixels = span(STRIP);
  const active = span(ceilDiv(kh, stride));
  // Column i is the tap i - stride * p of pixel p; row u of those of a step is the tap u + stride * a of the row of y that began a rows ago.
  const sums = (u: number, i: number): string =>
    active
      .flatMap((a) => pixels.map((p) => ({ a, p, ky: u + stride * a, kx: i - stride * p })))
      .filter(({ ky, kx }) => ky < kh && kx >= 0 && kx < kw)
      .map(({ a, p, ky, kx }) => `s${a}_${p} += v * w${ky}_${kx};`)
      .join(" ");
  const columns = (u: number): string[] =>
    span((STRIP - 1) * stride + kw)
      .filter((i) => sums(u, i))
      .map((i) => `      { let v = input(image, iy, ix + ${i} * i32($DILATION), c); ${sums(u, i)} }`);
  return {
    STRIP,
    ACTIVE: active.length,
    weights: linesOf(
      span(kh * kw).map((k) => `let w${Math.floor(k / kw)}_${k % kw} = vec4f(w[${k}u * $C4 + c]);`),
      1,
    ),
    declare: linesOf(
      active.flatMap((a) => pixels.map((p) => `var s${a}_${p} = start;`)),
      STRIP,
    ),
    rows: span(stride)
      .filter((u) => columns(u).length)
      .map((u) =>
        ["    {", `      let iy = top + i32((t * $STRIDE + ${u}u) * $DILATION);`, ...columns(u), "    }"].join("\n"),
      )
      .join("\n"),
    store: linesOf(
      pixels.map((p) => `put(row, ox + ${p}u * $DILATION, c, s${active.length - 1}_${p});`),
      1,
      "      ",
    ),
    shift: linesOf(
      [...active].reverse().flatMap((a) => pixels.map((p) => `s${a}_${p} = ${a ? `s${a - 1}_${p}` : "start"};`)),
      STRIP,
      "    ",
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
    const rolling = variant === "rolling";
    const tall = TALL[g.target.software ? "software" : "hardware"];
    // Tiles of pixels that lie DILATION apart, beginning at each of the first DILATION columns and rows.
    const tiles = (size: number, of: number): number => ceilDiv(size, of * dilation) * dilation;
    const [across, down] = rolling ? [tiles(ow, STRIP), tiles(oh, tall)] : [ow, oh];
    const places = n * across * down;
    const grid = rowGrid(x.pitch / 4, places);
    const end = epilogue(a);
    g.dispatch({
      shader: rolling
        ? { name: "depthwise_conv_rolling", text: `${rollingText}\n${end.text}` }
        : { name: "depthwise_conv", text: `${directText}\n${end.text}` },
      constants: { ...grid.constants, ...(rolling ? rollingConstants(kh, kw, stride) : {}), ...end.constants },
      sizes: {
        ...sizesOf(x, y.shape, a),
        PLACES: places,
        ...(rolling ? { STRIPS: across, TILES: down, TALL: tall } : {}),
      },
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
