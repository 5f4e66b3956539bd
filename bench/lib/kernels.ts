// Every heavy kernel in every variant that an adapter runs, painting's on the shapes of COCO 256x256, for the benches to time.

import { conv2d } from "../../kernels/conv/conv2d.ts";
import { depthwiseConv } from "../../kernels/conv/depthwise_conv.ts";
import { gradients } from "../../kernels/gradients.ts";
import { labelTable } from "../../kernels/labels/label_table.ts";
import { blockedShape } from "../../kernels/parts/gemm.ts";
import { maxPool } from "../../kernels/shape/max_pool.ts";
import { addNoise } from "../../kernels/norm/add_noise.ts";
import { modulate } from "../../kernels/norm/modulate.ts";
import { normalPlane } from "../../kernels/norm/normal_plane.ts";
import { statistics } from "../../kernels/norm/statistics.ts";
import { normalValues } from "../../src/models/philox.ts";
import { Graph, product, Program, type Device, type DType, type Tensor } from "../../src/runtime/index.ts";
import {
  canRun,
  choose,
  variantNames,
  type ShapeOf,
  type VariantOf,
  type VariantOp,
} from "../../kernels/parts/variants.ts";
import { convKey, convShape, openConv } from "./conv.ts";
import { timeOnDevice } from "./measure.ts";
import { convFlops, convName, type ConvShape } from "../peers/convs.ts";

export interface KernelRow {
  readonly name: string;
  /** On the device (timeOnDevice). */
  readonly ms: number[];
  /** Of the direct sum, whatever the kernel computes: Winograd multiplies less. */
  readonly flops: number;
  /** If every tensor is moved once. */
  readonly bytes: number;
  /** Storage of activations and weights. */
  readonly dtype: DType;
}

export interface KernelOptions {
  /** A third of painting's shapes. */
  readonly quick: boolean;
  /** Runs of each kernel, at least. */
  readonly runs: number;
}

type Rows = AsyncGenerator<KernelRow, void, void>;

/** What is recorded, and what it counts for. */
interface Recorded {
  out: Tensor;
  counts?: Record<string, number>;
  flops: number;
  bytes: number;
}

/** The gradient of `y` with respect to `of`, given "dy". The forward's result is not used: only the backward is timed. */
export function backwardAlone(g: Graph, y: Tensor, of: Tensor): Tensor {
  const dy = g.input("dy", y.shape);
  g.dispatches.length = 0;
  return gradients(g, new Map([[y, dy]]), [of]).get(of)!;
}

/** Compiles and times on a device. */
class Kernels {
  constructor(
    readonly device: Device,
    readonly options: KernelOptions,
  ) {}

  /** The variants of an op that this adapter runs; a software adapter takes seconds for those of workgroup memory, so `small` shapes alone. */
  able<O extends VariantOp>(op: O, small: boolean, shape?: ShapeOf<O>): VariantOf<O>[] {
    const { software, target } = this.device;
    return variantNames(op).filter((v) => canRun(op, v, target, shape) && (v !== "tiled" || !software || small));
  }

  async time(name: string, record: (g: Graph) => Recorded, target = this.device.target): Promise<KernelRow> {
    const g = new Graph(target);
    const { out, counts, flops, bytes } = record(g);
    g.output("out", out);
    const program = await Program.compile(g, this.device, { name });
    for (const [input, t] of g.inputs)
      program.setInput(
        input,
        t.dtype === "i32" ? new Int32Array(product(t.shape)) : new Float32Array(product(t.shape)),
      );
    const ms = await timeOnDevice(program, { counts }, this.options.runs);
    program.dispose();
    return { name, ms, flops, bytes, dtype: "f32" };
  }
}

/** Says which row is what the adapter runs without a plan. */
const mark = (isDefault: boolean): string => (isDefault ? " (default)" : "");

const CONVS: ConvShape[] = [
  { cin: 1024, cout: 1024, k: 3, h: 8, w: 8 },
  { cin: 1024, cout: 1024, k: 3, h: 16, w: 16 },
  { cin: 1024, cout: 512, k: 3, h: 32, w: 32 },
  { cin: 512, cout: 256, k: 3, h: 64, w: 64 },
  { cin: 256, cout: 128, k: 3, h: 128, w: 128 },
  { cin: 128, cout: 128, k: 3, h: 128, w: 128 },
  { cin: 128, cout: 64, k: 3, h: 256, w: 256 },
  { cin: 64, cout: 64, k: 3, h: 256, w: 256 },
  { cin: 128, cout: 64, k: 1, h: 256, w: 256 },
  { cin: 64, cout: 3, k: 3, h: 256, w: 256 },
];

/** In f16 too on hardware, which stores that by default when it paints. */
async function* convolutions(on: Kernels): Rows {
  const { device, options } = on;
  const { target } = device;
  const dtypes =
    !device.software && device.gpu.features.has("shader-f16") ? (["f16", "f32"] as const) : ["f32" as const];
  for (const s of options.quick ? CONVS.filter((_, i) => i % 3 === 1) : CONVS) {
    const x = normalValues(1, s.h * s.w * s.cin);
    const w = normalValues(2, s.cin * s.cout * s.k * s.k);
    const shape = { ...convShape(s), copies: true };
    const usual = choose("conv2d", target, shape);
    const matrix = { z: s.k === 3 ? 16 : 1, m: (s.h * s.w) / (s.k === 3 ? 4 : 1), k: s.cin, n: s.cout };
    for (const dtype of dtypes)
      for (const variant of on.able("conv2d", s.h <= 16, shape)) {
        // These two are matrix products inside.
        const inner = variant === "winograd" || variant === "gemm" ? on.able("gemm", s.h <= 16) : [undefined];
        for (const gemm of inner) {
          const conv = await openConv(device, s, x, w, { [convKey(s)]: variant, ...(gemm ? { gemm } : {}) }, dtype);
          const ms = await timeOnDevice(conv.program, {}, options.runs);
          const isDefault = variant === usual && (!gemm || gemm === choose("gemm", target, matrix));
          const name = `conv2d ${convName(s)}, ${dtype}, ${variant}: ${conv.shaders.join(", ")}${mark(isDefault)}`;
          conv.dispose();
          const values = s.h * s.w * (s.cin + s.cout) + s.cin * s.cout * s.k * s.k;
          yield { name, ms, flops: convFlops(s), bytes: (dtype === "f16" ? 2 : 4) * values, dtype };
        }
      }
  }
}

/** Data and weight gradients of convolutions. */
async function* backwards(on: Kernels): Rows {
  const { target } = on.device;
  for (const [n, h, cin, cout, k, stride] of [
    [1, 64, 64, 64, 3, 1],
    [2, 64, 64, 64, 3, 1],
    [2, 64, 16, 32, 4, 2],
  ] as const) {
    const pad = k === 3 ? 1 : 2;
    const record = (g: Graph, wanted: "x" | "w"): Tensor => {
      const [x, w] = [g.input("x", [n, h, h, cin]), g.input("w", [k * k, cin, cout])];
      const y = conv2d(g, { x, w, kh: k, kw: k, stride, pad });
      return backwardAlone(g, y, wanted === "x" ? x : w);
    };
    const oh = Math.floor((h + 2 * pad - k) / stride) + 1;
    const flops = 2 * n * oh * oh * cin * cout * k * k;
    const bytes = 4 * (n * h * h * cin + n * oh * oh * cout + k * k * cin * cout);
    const shape = { kh: k, kw: k, stride, cin, cout };
    const what = `${n} x ${cin} -> ${cout} at ${h}x${h}, ${k}x${k} stride ${stride}`;
    const dx = { ...shape, h, w: h, copies: stride === 1 };
    for (const variant of on.able("conv2d_dx", true, dx))
      yield await on.time(
        `conv2d backward, dx, ${what}, ${variant}${mark(variant === choose("conv2d_dx", target, dx))}`,
        (g) => ({ out: record(g, "x"), flops, bytes }),
        { ...target, variants: { conv2d_dx: variant } },
      );
    const dw = { ...shape, oh, ow: oh };
    for (const variant of on.able("weight_gradient", true, dw))
      yield await on.time(
        `conv2d backward, dw, ${what}, ${variant}${mark(variant === choose("weight_gradient", target, dw))}`,
        (g) => ({ out: record(g, "w"), flops, bytes }),
        { ...target, variants: { weight_gradient: variant } },
      );
  }
}

/** Of DeepLabv3+ with MobileNetV2 at 513x513. */
async function* depthwise(on: Kernels): Rows {
  const { target } = on.device;
  for (const [h, c, stride, dilation] of [
    [257, 32, 1, 1],
    [257, 96, 2, 1],
    [129, 304, 1, 1],
    [65, 384, 1, 2],
    [65, 960, 1, 4],
  ] as const) {
    const shape = { kh: 3, kw: 3, stride, dilation, c, h, w: h };
    const pad = [dilation, dilation, dilation, dilation] as const;
    const oh = Math.ceil(h / stride);
    const flops = 2 * oh * oh * c * 9;
    const record = (g: Graph, wanted?: "x" | "w"): Tensor => {
      const [x, w, bias] = [g.input("x", [1, h, h, c]), g.input("w", [9, c]), g.input("b", [c])];
      const y = depthwiseConv(g, { x, w, bias, kh: 3, kw: 3, stride, dilation, pad, act: wanted ? "none" : "relu6" });
      if (!wanted) return y;
      return backwardAlone(g, y, wanted === "x" ? x : w);
    };
    const bytes = 4 * c * (h * h + oh * oh);
    const what = `3x3 stride ${stride} dilation ${dilation}, ${h}x${h}x${c}`;
    for (const variant of on.able("depthwise_conv", true, shape))
      yield await on.time(
        `depthwise_conv ${what}, ${variant}${mark(variant === choose("depthwise_conv", target, shape))}`,
        (g) => ({ out: record(g), flops, bytes }),
        { ...target, variants: { depthwise_conv: variant } },
      );
    for (const wanted of ["x", "w"] as const)
      yield await on.time(`depthwise_conv backward, d${wanted}, ${what}`, (g) => ({
        out: record(g, wanted),
        flops,
        bytes,
      }));
  }
}

async function* pools(on: Kernels): Rows {
  for (const [n, h, w, c, k, ceil] of [
    [4, 125, 125, 96, 3, true],
    [4, 45, 61, 96, 3, true],
    [1, 256, 256, 64, 2, false],
  ] as const) {
    const pool = (g: Graph, backward: boolean): Tensor => {
      const x = g.input("x", [n, h, w, c]);
      const y = maxPool(g, { x, k, stride: 2, ceil });
      if (!backward) return y;
      return backwardAlone(g, y, x);
    };
    const elements = n * h * w * c;
    for (const backward of [false, true])
      yield await on.time(`max_pool${backward ? " backward" : ""} ${k}x${k}/2, ${n} x ${h}x${w}x${c}`, (g) => ({
        out: pool(g, backward),
        flops: (elements / 4) * k * k,
        bytes: elements * (backward ? 9 : 5),
      }));
  }
}

async function* tables(on: Kernels): Rows {
  const { target } = on.device;
  for (const [rows5, rows3, c, at] of [
    [651, 403, 1024, 32],
    [3966, 1662, 256, 128],
    [6515, 2172, 128, 256],
  ] as const) {
    for (const gemm of on.able("gemm", false)) {
      yield await on.time(
        `label_table ${rows3} -> ${rows5} rows, 128 -> ${c} (${at}x${at}, map 1993), ${gemm} gemm`,
        (g) => {
          const inner = { name: "inner", capacity: 2 ** Math.ceil(Math.log2(rows3)) };
          const outer = { name: "outer", capacity: 2 ** Math.ceil(Math.log2(rows5)) };
          const out = labelTable(g, {
            a: g.input("a", [inner.capacity, 128]),
            w: g.input("w", blockedShape(9, 128, c)),
            bias: g.input("b", [c]),
            windows: g.input("windows", [outer.capacity, 9], "i32"),
            inner,
            outer,
          });
          return {
            out,
            counts: { inner: rows3, outer: rows5 },
            flops: 2 * rows3 * 128 * 9 * c,
            bytes: 4 * (rows3 * 128 + 9 * 128 * c + rows5 * c),
          };
        },
        { ...target, variants: { gemm } },
      );
    }
  }
}

async function* others(on: Kernels): Rows {
  yield await on.time("modulate 128x128x128 -> 256x256x128", (g) => {
    const c = 128;
    const out = modulate(g, {
      x: g.input("x", [1, 128, 128, c]),
      mean: g.input("m", [1, c]),
      rstd: g.input("r", [1, c]),
      gamma: g.input("ga", [6515, c]),
      beta: g.input("be", [6515, c]),
      ids: g.input("ids", [1, 256, 256], "i32"),
      slope: 0.2,
    });
    return { out, flops: 6 * 65536 * c, bytes: 4 * c * (128 * 128 + 65536) + 4 * 65536 };
  });
  yield await on.time("statistics 256x256x64", (g) => ({
    out: statistics(g, { x: g.input("x", [1, 256, 256, 64]), per: "batch" }).mean,
    flops: 4 * 65536 * 64,
    bytes: 4 * 65536 * 64,
  }));
  yield await on.time("normal_plane 256x256", (g) => ({
    out: normalPlane(g, { seed: g.input("seed", [2], "i32"), layer: 1, n: 65536 }),
    flops: (250 / 4) * 65536,
    bytes: 4 * 65536,
  }));
  for (const what of ["", " backward, dx", " backward, dv"]) {
    const c = 128;
    yield await on.time(`add_noise${what} 128x128x${c} -> 256x256x${c}`, (g) => {
      const [x, v] = [g.input("x", [1, 128, 128, c]), g.input("v", [c])];
      const y = addNoise(g, { x, up: 2, plane: g.input("plane", [65536]), v });
      const bytes = x.bytes + y.bytes;
      if (!what) return { out: y, flops: 2 * 65536 * c, bytes };
      return { out: backwardAlone(g, y, what.endsWith("x") ? x : v), flops: 2 * 65536 * c, bytes: y.bytes };
    });
  }
}

/** Compiles and times every kernel, those that take most of a picture first. */
export async function* timeKernels(device: Device, options: KernelOptions): Rows {
  const on = new Kernels(device, options);
  for (const family of [convolutions, tables, others, backwards, depthwise, pools]) yield* family(on);
}
