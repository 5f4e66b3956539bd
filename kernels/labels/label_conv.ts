// kernels/labels/label_conv.ts: a k x k convolution over one-hot labels without the one-hot tensor (the first layer of the discriminator,
// 4x4 stride 2, and of pix2pixHD, 7x7 with spectral norm)
//
//   y[n,oy,ox,o] = bias[o] + sum_t ( w[t, label, o] + edge * w[t, edgeRow, o] ) / sigma
//   code = label*2 + edge at (s*oy + ty - p, s*ox + tx - p)
//
// The sum runs over the taps t that lie in the picture (zero padding adds nothing) or, with `mirror`, over all taps, where those outside
// read the mirror image of the labels. w has the rows of all input channels; rows that are no labels (the picture's channels) are not
// read and get gradient 0. There is no dictionary of windows: a 4x4 window at stride 2 hardly ever occurs twice.
// Backward: dw[t,l,:] = sum of dy over the pixels whose tap t has label l, / sigma; dsigma = -<dw, w> / sigma; dbias = sum of dy. For dw,
// each thread has one tap, one vec4 of outputs and one slice of pixels, and adds to its own partial table; the slices' tables are then
// added in order. No atomics.
// traffic: forward k*k rows of w a pixel (from a cache), y once; backward dy k*k times, the partial tables (at most 16 MB) three times.
// lavapipe, 2 x 256x256, 184 channels -> 64: forward 37 to 42 ms, dw 77 to 80, dbias 1.4 (a dense conv of the one-hot map would take 12.5
// GFLOP).

import labelConvText from "../../shaders/labels/label_conv.wgsl";
import dwText from "../../shaders/labels/label_conv_dw.wgsl";
import mirrorText from "../../shaders/shape/reflect_pad_index.wgsl";
import {
  ceilDiv,
  defineOp,
  NO_EDGES,
  product,
  read,
  readScalars,
  SpadeError,
  write,
  type DType,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { reflectPadPlan } from "../shape/reflect_pad.ts";
import { epilogue } from "../parts/epilogue.ts";
import { rowGrid } from "../parts/grid.ts";
import { columnSums, negatedDot, sumSlices, type Slices } from "../parts/sums.ts";

export interface LabelConvArgs {
  /** i32 [N,H,W]: label*2 + edge */
  codes: Tensor;
  /** [k*k, channels padded to 4, Cout], from packConv */
  w: Tensor;
  /** [Cout] */
  bias?: Tensor;
  /** [1] */
  sigma?: Tensor;
  k: number;
  stride: number;
  /** Pixels added on every side. */
  pad: number;
  /** Pad with the mirror image (then pad is less than H and W), not with zeros. */
  mirror?: boolean;
  /** Row of the edge channel among the input channels, or NO_EDGES. */
  edgeRow: number;
  /** Type of the result; w's by default. */
  dtype?: DType;
}

/** Shape rule. @throws SpadeError shape */
export function labelConvPlan(
  codes: readonly number[],
  w: readonly number[],
  a: Pick<LabelConvArgs, "k" | "stride" | "pad" | "mirror" | "edgeRow">,
): number[] {
  const [n, h, wd] = codes;
  if (codes.length !== 3 || w[0] !== a.k * a.k || a.edgeRow >= w[1]) {
    throw new SpadeError(
      "shape",
      "label_conv",
      `codes [${codes.join(",")}] and weights [${w.join(",")}] do not fit a ${a.k}x${a.k} kernel with edges in row ${a.edgeRow}`,
      "give codes [N,H,W] and this layer's packed weights",
    );
  }
  if (a.mirror) reflectPadPlan([...codes, 1], a.pad);
  const size = (s: number): number => Math.floor((s + 2 * a.pad - a.k) / a.stride) + 1;
  return [n, size(h), size(wd), w[2]];
}

/** Limits on the slices of dw. Chosen, not tuned: bytes of all partial tables, slices, and fewest pixels of a slice. */
const MOST_BYTES = 16 << 20;
const MOST_SLICES = 64;
const LEAST_PIXELS = 64;

/** Slices of output pixels for dw; `tableBytes`: of one partial table. */
export function labelConvSlices(pixels: number, tableBytes: number): Slices {
  const most = Math.max(1, Math.min(MOST_SLICES, Math.floor(MOST_BYTES / tableBytes), ceilDiv(pixels, LEAST_PIXELS)));
  const len = ceilDiv(pixels, most);
  return { slices: ceilDiv(pixels, len), len };
}

/** The sizes of both passes; `out`: the shape of the result. */
const sizesOf = (
  { codes, w, k, stride, pad, edgeRow }: LabelConvArgs,
  out: readonly number[],
): Record<string, number> => ({
  PIXELS: product(out.slice(0, 3)),
  H: codes.shape[1],
  W: codes.shape[2],
  OH: out[1],
  OW: out[2],
  K: k,
  STRIDE: stride,
  PAD: pad,
  S: w.shape[1],
  EDGE: Math.max(0, edgeRow),
  CO4: w.pitch / 4,
});

export const labelConv = defineOp<LabelConvArgs, Tensor>({
  name: "label_conv",
  forward(g: Graph, args) {
    const { codes, w, bias, sigma, k, mirror, edgeRow, dtype } = args;
    const out = labelConvPlan(codes.shape, w.shape, args);
    const y = g.temp("y", out, dtype ?? w.dtype);
    const pixels = product(out.slice(0, 3));
    const c4 = w.pitch / 4;
    const grid = rowGrid(c4, pixels);
    const end = epilogue({ bias, sigma });
    g.dispatch({
      shader: { name: "label_conv", text: `${labelConvText}\n${mirrorText}\n${end.text}` },
      constants: { ...grid.constants, edge: edgeRow !== NO_EDGES, mirror: !!mirror, ...end.constants },
      sizes: sizesOf(args, out),
      bindings: {
        codes: readScalars(codes),
        w: read(w),
        ...end.bindings,
        y: write(y),
      },
      groups: grid.groups,
      flops: pixels * k * k * out[3],
      bytes: codes.bytes + y.bytes + Math.min(w.bytes, k * k * y.bytes),
    });
    return y;
  },
  backward(g, args, y, dy, wanted) {
    const { codes, w, bias, sigma, k, mirror, edgeRow } = args;
    const [n, oh, ow, cout] = y.shape;
    const pixels = n * oh * ow;
    const c4 = w.pitch / 4;
    const grads: Partial<Record<keyof LabelConvArgs, Tensor>> = {};
    if (wanted.has("bias")) grads.bias = columnSums(g, dy, dy.pitch, [...bias!.shape]);
    if (!wanted.has("w") && !wanted.has("sigma")) return grads;
    const { slices, len } = labelConvSlices(pixels, product(w.shape.slice(0, 2)) * w.pitch * 4);
    const tables = g.temp("label_slices", [slices, ...w.shape]);
    g.dispatch({
      shader: { name: "label_conv_dw", text: `${dwText}\n${mirrorText}` },
      constants: { edge: edgeRow !== NO_EDGES, mirror: !!mirror },
      sizes: { ...sizesOf(args, y.shape), LEN: len, SLICES: slices },
      bindings: { codes: readScalars(codes), dy: read(dy), slices: write(tables) },
      groups: [ceilDiv(slices * k * k * c4, 64)],
      flops: pixels * k * k * cout,
      bytes: k * k * dy.bytes + 2 * tables.bytes,
    });
    const dw = sumSlices(g, tables, slices, g.temp("dw", w.shape), sigma);
    if (wanted.has("w")) grads.w = dw;
    if (wanted.has("sigma")) grads.sigma = negatedDot(g, dw, w, sigma!);
    return grads;
  },
});
