// kernels/labels/label_conv.ts: a k x k convolution over one-hot labels without the one-hot tensor (the first layer of the discriminator, 4x4
// stride 2, and of pix2pixHD, 7x7 with spectral norm)
//
//   y[n,oy,ox,o] = bias[o] + sum_t ( w[t, label, o] + edge * w[t, edgeRow, o] ) / sigma,   code = label*2 + edge at (s*oy + ty - p, s*ox + tx - p)
//
// over the taps t that lie in the picture (zero padding adds nothing), or over all, mirrored at the border (a mirrored one-hot map is that
// of the mirrored labels). w holds the rows of all input channels; those that are no labels
// (the picture's) are not read and get gradient 0. Windows repeat far less here than in the generator's tables: a 4x4 window at
// stride 2 is used once, so codes are read where they are and no dictionary is made.
// Backward: dw[t,l,:] = sum of dy over the pixels whose tap t has label l, / sigma; dsigma = -<dw, w> / sigma; dbias = sum of dy. A thread owns a tap, a vec4 of outputs
// and a slice of pixels, and its rows of a partial table; slices are then added in order. No atomics.
// traffic: forward k*k rows of w a pixel (from a cache), y once; backward dy k*k times, the partial tables (at most 16 MB) three times.
// lavapipe, 2 x 256x256, 184 channels -> 64: forward 37 to 42 ms, dw 77 to 80, dbias 1.4 (a dense conv of the one-hot map: 12.5 GFLOP).

import { Y_SPAN } from "../parts/segments.ts";
import labelConvText from "../../shaders/labels/label_conv.wgsl";
import dwText from "../../shaders/labels/label_conv_dw.wgsl";
import {
  ceilDiv,
  defineOp,
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
import { columnSums, negatedDot, sumSlices } from "../parts/sums.ts";

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
  /** Pixels on every side: of nothing, or, less than H and W, of the mirror image. */
  pad: number;
  mirror?: boolean;
  /** Row of the edge channel, or -1. */
  edgeRow: number;
  /** of the result; w's by default */
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

/** Bytes of the partial tables. */
const TABLES = 16 << 20;

/** Slices of output pixels for dw: as many as the tables' room and the pixels give work for. */
export function labelConvSlices(pixels: number, rowBytes: number): { slices: number; len: number } {
  const most = Math.max(1, Math.min(64, Math.floor(TABLES / rowBytes), ceilDiv(pixels, 64)));
  const len = ceilDiv(pixels, most);
  return { slices: ceilDiv(pixels, len), len };
}

export const labelConv = defineOp<LabelConvArgs, Tensor>({
  name: "label_conv",
  forward(g: Graph, { codes, w, bias, sigma, k, stride, pad, mirror, edgeRow, dtype }) {
    const out = labelConvPlan(codes.shape, w.shape, { k, stride, pad, mirror, edgeRow });
    const y = g.temp("y", out, dtype ?? w.dtype);
    const pixels = product(out.slice(0, 3));
    const c4 = w.pitch / 4;
    g.dispatch({
      shader: { name: "label_conv", text: labelConvText },
      constants: { edge: edgeRow >= 0, mirror: !!mirror, bias: !!bias, sigma: !!sigma },
      sizes: {
        PIXELS: pixels,
        H: codes.shape[1],
        W: codes.shape[2],
        OH: out[1],
        OW: out[2],
        K: k,
        STRIDE: stride,
        PAD: pad,
        S: w.shape[1],
        EDGE: Math.max(0, edgeRow),
        CO4: c4,
        YSPAN: Y_SPAN,
      },
      bindings: {
        codes: readScalars(codes),
        w: read(w),
        bias: bias && read(bias),
        sigma: sigma && read(sigma),
        y: write(y),
      },
      groups: [ceilDiv(c4, 8), ceilDiv(Math.min(pixels, Y_SPAN), 8), ceilDiv(pixels, Y_SPAN)],
      flops: pixels * k * k * out[3],
      bytes: codes.bytes + y.bytes + Math.min(w.bytes, k * k * y.bytes),
    });
    return y;
  },
  backward(g, { codes, w, bias, sigma, k, stride, pad, mirror, edgeRow }, y, dy, wanted) {
    const [n, oh, ow, cout] = y.shape;
    const pixels = n * oh * ow;
    const c4 = w.pitch / 4;
    const grads: Partial<Record<keyof LabelConvArgs, Tensor>> = {};
    if (wanted.has("bias")) grads.bias = columnSums(g, dy, dy.pitch, [...bias!.shape]);
    if (!wanted.has("w") && !wanted.has("sigma")) return grads;
    const { slices, len } = labelConvSlices(pixels, product(w.shape.slice(0, 2)) * w.pitch * 4);
    const tables = g.temp("label_slices", [slices, ...w.shape]);
    g.dispatch({
      shader: { name: "label_conv_dw", text: dwText },
      constants: { edge: edgeRow >= 0, mirror: !!mirror },
      sizes: {
        PIXELS: pixels,
        LEN: len,
        SLICES: slices,
        H: codes.shape[1],
        W: codes.shape[2],
        OH: oh,
        OW: ow,
        K: k,
        STRIDE: stride,
        PAD: pad,
        S: w.shape[1],
        EDGE: Math.max(0, edgeRow),
        CO4: c4,
      },
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
