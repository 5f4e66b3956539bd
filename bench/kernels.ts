// npm run bench -- kernels [--quick] [--json FILE]: every heavy kernel in every variant that this adapter runs, painting's on the shapes
// of COCO 256x256: GFLOP/s of the direct sum, share of the measured multiply-add peak, and GB/s against a measured copy.

import { writeFileSync } from "node:fs";
import { conv2d } from "../kernels/conv/conv2d.ts";
import { depthwiseConv } from "../kernels/conv/depthwise_conv.ts";
import { gradients } from "../kernels/gradients.ts";
import { labelTable } from "../kernels/labels/label_table.ts";
import { blockedShape } from "../kernels/parts/gemm.ts";
import { maxPool } from "../kernels/shape/max_pool.ts";
import { addNoise } from "../kernels/norm/add_noise.ts";
import { modulate } from "../kernels/norm/modulate.ts";
import { normalPlane } from "../kernels/norm/normal_plane.ts";
import { statistics } from "../kernels/norm/statistics.ts";
import { openNodeDevice } from "../src/node/dawn.ts";
import { normalValues } from "../src/models/philox.ts";
import { Graph, product, Program, type Device, type Tensor } from "../src/runtime/index.ts";
import {
  canRun,
  choose,
  variantNames,
  type ShapeOf,
  type VariantOf,
  type VariantOp,
} from "../kernels/parts/variants.ts";
import { convKey, convShape, openConv } from "./lib/conv.ts";
import { machine, median, probe, timeProgram } from "./lib/measure.ts";
import { convFlops, convName, type ConvShape } from "./peers/convs.ts";

const quick = process.argv.includes("--quick");
const json = process.argv[process.argv.indexOf("--json") + 1];
const runs = quick ? 3 : 7;
const device = await openNodeDevice();
const roof = await probe(device);
console.log(
  `${device.name}\nmultiply-add peak ${(roof.flops / 1e9).toFixed(1)} GFLOP/s, copy ${(roof.bytes / 1e9).toFixed(1)} GB/s\n`,
);
console.log("        ms    GFLOP/s  of peak      GB/s  of copy  kernel");
const rows: Record<string, unknown>[] = [];

function report(name: string, ms: number[], flops: number, bytes: number): void {
  const t = median(ms);
  rows.push({ name, ms, flops, bytes });
  const gflops = flops / t / 1e6;
  const gbytes = bytes / t / 1e6;
  console.log(
    `${t.toFixed(2).padStart(10)} ${gflops.toFixed(2).padStart(10)} ${((100 * gflops * 1e9) / roof.flops).toFixed(0).padStart(7)}% ${gbytes.toFixed(2).padStart(9)} ${((100 * gbytes * 1e9) / roof.bytes).toFixed(0).padStart(7)}%  ${name}`,
  );
}

const { target } = device;
/** The variants of an op that this adapter runs; a software adapter takes seconds for those of workgroup memory, so `small` shapes alone. */
const able = <O extends VariantOp>(op: O, small: boolean, shape?: ShapeOf<O>): VariantOf<O>[] =>
  variantNames(op).filter((v) => canRun(op, v, target, shape) && (v !== "tiled" || !device.software || small));
/** Says which row is what the adapter runs without a plan. */
const mark = (isDefault: boolean): string => (isDefault ? " (default)" : "");
const convs: ConvShape[] = [
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
for (const s of quick ? convs.filter((_, i) => i % 3 === 1) : convs) {
  const x = normalValues(1, s.h * s.w * s.cin);
  const w = normalValues(2, s.cin * s.cout * s.k * s.k);
  const shape = { ...convShape(s), copies: true };
  const usual = choose("conv2d", target, shape);
  const matrix = { z: s.k === 3 ? 16 : 1, m: (s.h * s.w) / (s.k === 3 ? 4 : 1), k: s.cin, n: s.cout };
  for (const variant of able("conv2d", s.h <= 16, shape)) {
    // These two are matrix products inside.
    const inner = variant === "winograd" || variant === "gemm" ? able("gemm", s.h <= 16) : [undefined];
    for (const gemm of inner) {
      const conv = await openConv(device, s, x, w, { [convKey(s)]: variant, ...(gemm ? { gemm } : {}) });
      const bytes = 4 * (s.h * s.w * (s.cin + s.cout) + s.cin * s.cout * s.k * s.k);
      const isDefault = variant === usual && (!gemm || gemm === choose("gemm", target, matrix));
      report(
        `conv2d ${convName(s)}, ${variant}: ${conv.shaders.join(", ")}${mark(isDefault)}`,
        await timeProgram(conv.program, {}, runs),
        convFlops(s),
        bytes,
      );
      conv.dispose();
    }
  }
}

async function timeGraph(
  name: string,
  record: (g: Graph) => { out: Tensor; counts?: Record<string, number>; flops: number; bytes: number },
  target = device.target,
): Promise<void> {
  const g = new Graph(target);
  const { out, counts, flops, bytes } = record(g);
  g.output("out", out);
  const program = await Program.compile(g, device, { name });
  for (const [input, t] of g.inputs)
    program.setInput(input, t.dtype === "i32" ? new Int32Array(product(t.shape)) : new Float32Array(product(t.shape)));
  report(name, await timeProgram(program, { counts }, runs), flops, bytes);
  program.dispose();
}

for (const [n, h, cin, cout, k, stride] of [
  [1, 64, 64, 64, 3, 1],
  [2, 64, 64, 64, 3, 1],
  [2, 64, 16, 32, 4, 2],
] as const) {
  const pad = k === 3 ? 1 : 2;
  const record = (g: Graph, wanted: "x" | "w"): Tensor => {
    const [x, w] = [g.input("x", [n, h, h, cin]), g.input("w", [k * k, cin, cout])];
    const y = conv2d(g, { x, w, kh: k, kw: k, stride, pad });
    const dy = g.input("dy", y.shape);
    // The forward's result is not used: only the backward is timed.
    g.dispatches.length = 0;
    const t = wanted === "x" ? x : w;
    return gradients(g, new Map([[y, dy]]), [t]).get(t)!;
  };
  const oh = Math.floor((h + 2 * pad - k) / stride) + 1;
  const flops = 2 * n * oh * oh * cin * cout * k * k;
  const bytes = 4 * (n * h * h * cin + n * oh * oh * cout + k * k * cin * cout);
  const shape = { kh: k, kw: k, stride, cin, cout };
  const what = `${n} x ${cin} -> ${cout} at ${h}x${h}, ${k}x${k} stride ${stride}`;
  const dx = { ...shape, h, w: h, copies: stride === 1 };
  for (const variant of able("conv2d_dx", true, dx))
    await timeGraph(
      `conv2d backward, dx, ${what}, ${variant}${mark(variant === choose("conv2d_dx", target, dx))}`,
      (g) => ({ out: record(g, "x"), flops, bytes }),
      { ...target, variants: { conv2d_dx: variant } },
    );
  const dw = { ...shape, oh, ow: oh };
  for (const variant of able("weight_gradient", true, dw))
    await timeGraph(
      `conv2d backward, dw, ${what}, ${variant}${mark(variant === choose("weight_gradient", target, dw))}`,
      (g) => ({ out: record(g, "w"), flops, bytes }),
      { ...target, variants: { weight_gradient: variant } },
    );
}

// Of DeepLabv3+ with MobileNetV2 at 513x513.
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
    const dy = g.input("dy", y.shape);
    g.dispatches.length = 0;
    const t = wanted === "x" ? x : w;
    return gradients(g, new Map([[y, dy]]), [t]).get(t)!;
  };
  const bytes = 4 * c * (h * h + oh * oh);
  const what = `3x3 stride ${stride} dilation ${dilation}, ${h}x${h}x${c}`;
  for (const variant of able("depthwise_conv", true, shape))
    await timeGraph(
      `depthwise_conv ${what}, ${variant}${mark(variant === choose("depthwise_conv", target, shape))}`,
      (g) => ({ out: record(g), flops, bytes }),
      { ...target, variants: { depthwise_conv: variant } },
    );
  for (const wanted of ["x", "w"] as const)
    await timeGraph(`depthwise_conv backward, d${wanted}, ${what}`, (g) => ({ out: record(g, wanted), flops, bytes }));
}

for (const [n, h, w, c, k, ceil] of [
  [4, 125, 125, 96, 3, true],
  [4, 45, 61, 96, 3, true],
  [1, 256, 256, 64, 2, false],
] as const) {
  const pool = (g: Graph, backward: boolean): Tensor => {
    const x = g.input("x", [n, h, w, c]);
    const y = maxPool(g, { x, k, stride: 2, ceil });
    if (!backward) return y;
    const dy = g.input("dy", y.shape);
    g.dispatches.length = 0;
    return gradients(g, new Map([[y, dy]]), [x]).get(x)!;
  };
  const elements = n * h * w * c;
  for (const backward of [false, true])
    await timeGraph(`max_pool${backward ? " backward" : ""} ${k}x${k}/2, ${n} x ${h}x${w}x${c}`, (g) => ({
      out: pool(g, backward),
      flops: (elements / 4) * k * k,
      bytes: elements * (backward ? 9 : 5),
    }));
}

for (const [rows5, rows3, c, at] of [
  [651, 403, 1024, 32],
  [3966, 1662, 256, 128],
  [6515, 2172, 128, 256],
] as const) {
  for (const gemm of able("gemm", false)) {
    await timeGraph(
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
      { ...device.target, variants: { gemm } },
    );
  }
}
await timeGraph("modulate 128x128x128 -> 256x256x128", (g) => {
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
await timeGraph("statistics 256x256x64", (g) => ({
  out: statistics(g, { x: g.input("x", [1, 256, 256, 64]), per: "batch" }).mean,
  flops: 4 * 65536 * 64,
  bytes: 4 * 65536 * 64,
}));
await timeGraph("normal_plane 256x256", (g) => ({
  out: normalPlane(g, { seed: g.input("seed", [2], "i32"), layer: 1, n: 65536 }),
  flops: (250 / 4) * 65536,
  bytes: 4 * 65536,
}));
for (const what of ["", " backward, dx", " backward, dv"]) {
  const c = 128;
  await timeGraph(`add_noise${what} 128x128x${c} -> 256x256x${c}`, (g) => {
    const [x, v] = [g.input("x", [1, 128, 128, c]), g.input("v", [c])];
    const y = addNoise(g, { x, up: 2, plane: g.input("plane", [65536]), v });
    const bytes = x.bytes + y.bytes;
    if (!what) return { out: y, flops: 2 * 65536 * c, bytes };
    const dy = g.input("dy", y.shape);
    g.dispatches.length = 0;
    const t = what.endsWith("x") ? x : v;
    return { out: gradients(g, new Map([[y, dy]]), [t]).get(t)!, flops: 2 * 65536 * c, bytes: y.bytes };
  });
}

if (process.argv.includes("--json"))
  writeFileSync(json, JSON.stringify({ ...machine(device), roofline: roof, rows }, null, 1));
function close(d: Device): void {
  d.dispose();
  process.exit(0);
}
close(device);
