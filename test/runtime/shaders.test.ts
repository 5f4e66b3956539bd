// Every shader as the generator really makes it: compiled by Dawn in both forms, and run by wgsl_reflect's race check. Long form: SPADE_LONG=1.

import type { Lists } from "../../kernels/parts/segments.ts";
import { paperStorage } from "../../src/runtime/tensor.ts";
import { readdirSync, readFileSync } from "node:fs";
// @ts-expect-error -- the types belong to the plain import, which fails in Node
import * as reflect from "wgsl_reflect/wgsl_reflect.module.js";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { recordProbes } from "../../bench/lib/roofline.ts";
import type { ConvArgs } from "../../kernels/conv/conv_args.ts";
import { winogradMoments } from "../../kernels/conv/winograd_moments.ts";
import { ganModes } from "../../kernels/loss/gan_loss.ts";
import { gradients } from "../../kernels/gradients.ts";
import { ops } from "../../kernels/index.ts";
import { unpack } from "../../kernels/shape/unpack.ts";
import { convPacking } from "../../src/models/weights/packing.ts";
import { defaultConfig, type Config } from "../../src/models/config.ts";
import {
  countedGroups,
  BYTES,
  Graph,
  pad4,
  paperTarget,
  type Dispatch,
  type DType,
  type Target,
  type Tensor,
} from "../../src/runtime/index.ts";
import { expand, type BindingDecl, type SizesAs, type Wgsl } from "../../src/runtime/wgsl.ts";
import { testDevice } from "../support/device.ts";
import { lookups } from "./lookups.ts";
import { recordGenerator } from "./paper.ts";

const tiny: Config = { ...defaultConfig, label_nc: 5, ngf: 1, z_dim: 4, crop_size: 64 };
const configs: Config[] = [
  { ...tiny, use_vae: true, norm_G: "spectralspadesyncbatch3x3" },
  { ...tiny, norm_G: "spadeinstance5x5", num_upsampling_layers: "more", crop_size: 128, no_instance: true },
  { ...tiny, norm_G: "spectralspadebatch1x1", aspect_ratio: 2, ngf: 3, crop_size: 96 },
];
/** One label, so that tables are looked up; and many, so that they are convolved. */
const maps = [() => 1, (i: number) => (i * 7 + (i >> 5)) % 5];

/** Ops that the generator does not use, in all their forms, with their backwards. */
function otherOps(target: Target, dtype: DType): Graph {
  const g = new Graph(target);
  const external = (name: string, shape: number[], type: DType = dtype): Tensor =>
    g.external(name, shape, type, paperStorage("paper", 1 << 16));
  const x = external("x", [2, 6, 7, 5]);
  const one = external("one", [1], "f32");
  /** Records the gradients of a result on some tensors; of a loss, from `one`. */
  const back = (y: Tensor, ...wrt: Tensor[]): unknown =>
    gradients(g, new Map([[y, y.shape.length > 1 ? y : one]]), wrt);
  ops.add(g, { a: x, b: x });
  ops.avgPool(g, { x });
  for (const mode of ["nearest", "bilinear"] as const) ops.resize(g, { x, h: 9, w: 4, mode });
  lookups(g, dtype);

  back(ops.maxPool(g, { x, k: 2, stride: 2 }), x);
  const aligned = external("aligned", [2, 6, 7, 8]);
  for (const t of [x, aligned]) {
    back(ops.slice(g, { x: t, axis: 3, from: 0, count: 4 }), t);
    back(ops.concat(g, { a: t, b: t, axis: 3 }), t);
  }
  const taps = external("taps", [9, 8, 8]);
  for (const residual of [undefined, aligned]) {
    const how = {
      kh: 3,
      kw: 3,
      pad: 1,
      residual,
      winograd: ops.winogradWeights(g, { w: taps }),
      moments: winogradMoments,
    };
    ops.statistics(g, { x: ops.conv2d(g, { x: aligned, w: taps, ...how }), per: "batch" });
  }
  const shared = external("shared", [1, 6, 7, 5]);
  back(ops.addShared(g, { x, shared, slope: 0.2 }), x, shared);
  const [mean, rstd] = ["mean", "rstd"].map((name) => external(name, [2, 5], "f32"));
  const [weight, bias] = ["weight", "bias"].map((name) => external(name, [5], "f32"));
  back(ops.normalise(g, { x, mean, rstd, slope: 0.2 }), x, mean);
  back(ops.normalise(g, { x, mean, rstd, weight, bias, slope: 0.2 }), x, mean, weight);

  const seed = external("seed", [2], "i32");
  for (const up of [1, 2] as const) {
    const plane = ops.normalPlane(g, { seed, layer: up, n: 84 * up * up });
    back(ops.addNoise(g, { x, up, plane, v: bias }), x, bias);
  }

  const codes = external("codes", [1, 6, 7], "i32");
  const w = external("w", [16, 8, 5]);
  for (const edgeRow of [-1, 4]) {
    back(ops.labelConv(g, { codes, w, bias, k: 4, stride: 2, pad: 2, edgeRow }), w, bias);
    back(ops.labelConv(g, { codes, w, sigma: one, k: 4, stride: 1, pad: 3, mirror: true, edgeRow }), w);
    ops.labelPool(g, { codes, channels: 5, edgeRow, dtype });
  }
  back(ops.reflectPad(g, { x, pad: 3 }), x);

  const lists = (name: string, rows: number): Lists => ({
    order: external(`${name} order`, [84], "i32"),
    rows: external(`${name} rows`, [2 + rows, 2], "i32"),
    parts: external(`${name} parts`, [3, 4], "i32"),
  });
  const regions = external("regions", [84, 2], "i32");
  const pool = { regions, scale: external("scale", [6], "f32"), lists: lists("regions", 6) };
  const styles = ops.regionPool(g, { x, ...pool });
  back(styles, x);
  const [w0, w1] = ["w0", "w1"].map((name) => external(name, [5, 7]));
  const [b0, b1] = ["b0", "b1"].map((name) => external(name, [7], "f32"));
  const rows = ops.labelLinear(g, { x: styles, labels: 2, w0, w1, b0, b1 });
  back(rows, styles, w0, w1, b0, b1);
  const [other, logit] = [external("other", [9, 7]), external("logit", [1], "f32")];
  const by = { a: lists("by a", 7), b: lists("by b", 9), all: lists("all", 1) };
  const pairs = external("pairs", [12, 2], "i32");
  const blend = { logit, rows: pairs, count: { name: "pairs", capacity: 12 }, lists: by };
  back(ops.blendRows(g, { a: rows, b: other, ...blend }), rows, other, logit);

  back(ops.l1Mean(g, { a: x, b: x, scale: 1, images: 1, bFrom: 1 }), x);
  const logits = external("logits", [2, 6, 7, 1]);
  for (const mode of ganModes) {
    for (const side of ["D_real", "D_fake", "G"] as const)
      back(ops.ganLoss(g, { logits, mode, side, scale: 1 }), logits);
  }
  const [mu, logvar, eps] = ["mu", "logvar", "eps"].map((name) => external(name, [2, 5]));
  back(ops.kld(g, { mu, logvar, scale: 1 }), mu, logvar);
  back(ops.reparameterise(g, { mu, logvar, eps }), mu, logvar);
  const [p, m, v] = ["p", "m", "v"].map((name) => external(name, [3, 5], "f32"));
  const step = {
    grad: external("grad", [3, 5], "f32"),
    factors: external("factors", [4], "f32"),
    beta1: 0,
    beta2: 0.9,
  };
  const flag = ops.overflow(g, { tensors: [step.grad, x] });
  ops.adam(g, { p, m, v, ...step });
  ops.adam(g, { p, m, v, ...step, overflow: flag, copied: external("copied", [3, 5]) });
  const decay = g.input("decay", [2]);
  for (const of of [{}, { decay }, { overflow: flag }, { decay, overflow: flag }])
    ops.ema(g, { y: external("average", [3, 5]), x: p, ...of });
  ops.argmax(g, { x: external("cells", [1, 4, 5, 7]), h: 9, w: 9, map: external("map", [4], "i32"), pixels: 70 });
  const { shape, layout } = convPacking([6, 5, 3, 3]);
  const file = { x: external("file", [270], "u32"), bad: external("bad", [1], "u32"), key: 0 };
  for (const half of [true, false]) unpack(g, { ...file, half, y: external("unpacked", shape), layout });
  return g;
}

/** Batch statistics that are exchanged with peers, and their gradients. */
function synced(target: Target, dtype: DType): Graph {
  const g = new Graph(target, { peers: true });
  const t = (name: string, shape: number[], type: DType): Tensor =>
    g.external(name, shape, type, paperStorage("paper", 1 << 16));
  const x = t("x", [2, 6, 7, 5], dtype);
  const { mean, variance, rstd, joined } = ops.statistics(g, { x, per: "batch", synced: true });
  const [running_mean, running_var] = ["running_mean", "running_var"].map((name) => t(name, [5], "f32"));
  ops.runningStatistics(g, { running_mean, running_var, mean, variance, joined, count: 84, momentum: 0.1 });
  gradients(g, new Map([mean, variance, rstd].map((y) => [y, ops.inverseStd(g, { variance: y })])), [x]);
  return g;
}

/** Backward passes, each of its own graph. */
function backwards(target: Target, dtype: DType): Graph[] {
  const graphs: Graph[] = [];
  const differentiate = (
    record: (g: Graph, t: (name: string, shape: number[], type?: DType) => Tensor) => [Tensor, Tensor[]],
  ): void => {
    const g = new Graph(target);
    const t = (name: string, shape: number[], type = dtype): Tensor =>
      g.external(name, shape, type, paperStorage("paper", 1 << 20));
    const [y, wrt] = record(g, t);
    gradients(g, new Map([[y, t("dy", [...y.shape], y.dtype)]]), wrt);
    graphs.push(g);
  };
  const conv = (size: number[], o: number, k: number, more: Partial<ConvArgs>, residual?: number[]): void =>
    differentiate((g, t) => {
      const [x, w, bias, sigma] = [t("x", size), t("w", [k * k, pad4(size[3]), o]), t("b", [o]), t("s", [1], "f32")];
      const wrt = [x, w, bias, ...(residual ? [t("r", residual)] : [sigma])];
      return [
        ops.conv2d(g, { x, w, bias, kh: k, kw: k, ...(residual ? { residual: wrt[3] } : { sigma }), ...more }),
        wrt,
      ];
    });
  conv([1, 6, 6, 5], 6, 3, { pad: 1, act: "leaky" });
  conv([1, 6, 6, 5], 6, 3, { pad: 1 }, [1, 3, 3, 6]);
  conv([1, 4, 4, 32], 16, 3, { pad: 1, act: "relu" });
  conv([1, 4, 4, 32], 16, 3, { pad: 1 }, [1, 4, 4, 16]);
  conv([1, 6, 6, 5], 6, 4, { pad: 2, stride: 2, act: "tanh" });
  conv([1, 3, 3, 5], 6, 4, { pad: 2, stride: 2 }, [1, 2, 2, 6]);
  conv([1, 6, 6, 5], 6, 1, {});
  for (const kw of [3, 10])
    differentiate((g, t) => {
      const wrt = [t("x", [1, 4, 9, 5]), t("w", [kw, 5]), t("b", [5])];
      const how = { kh: 1, kw, stride: 2, dilation: 1, pad: [0, 0, 0, 1], act: "relu6" } as const;
      return [ops.depthwiseConv(g, { x: wrt[0], w: wrt[1], bias: wrt[2], ...how }), wrt];
    });
  for (const act of ["none", "relu"] as const)
    differentiate((g, t) => {
      const [x, w, bias, sigma] = [t("x", [1, 3, 4, 5]), t("w", [9, 8, 6]), t("b", [6]), t("s", [1], "f32")];
      const size = { k: 3, stride: 2, pad: 1, outputPadding: 1 };
      const own = act === "none" ? { sigma } : { bias };
      return [ops.convTranspose(g, { x, w, ...own, ...size, act }), [x, w, ...Object.values(own)]];
    });
  differentiate((g, t) => {
    const wrt = [t("x", [2, 5]), t("w", [5, 8]), t("b", [8])];
    return [ops.linear(g, { x: wrt[0], w: wrt[1], bias: wrt[2], shape: [2, 8] }), wrt];
  });
  differentiate((g, t) => {
    const w = t("w", [9, 8, 6]);
    return [ops.spectralSigma(g, { w, cin: 5, u: t("u", [6], "f32"), v: t("v", [9, 5], "f32"), train: true }), [w]];
  });
  for (const kind of ["leaky", "relu", "relu6", "tanh"] as const)
    differentiate((g, t) => ((x) => [ops.activation(g, { x, kind }), [x]])(t("x", [1, 3, 3, 5])));
  differentiate((g, t) => ((x) => [ops.avgPool(g, { x }), [x]])(t("x", [1, 5, 6, 5])));
  differentiate((g, t) => ((x) => [ops.globalAverage(g, { x }), [x]])(t("x", [2, 5, 6, 5])));
  const corners = { h: 5, w: 4, mode: "bilinear", alignCorners: true } as const;
  differentiate((g, t) => ((x) => [ops.resize(g, { x, ...corners }), [x]])(t("x", [1, 3, 6, 5])));
  for (const mode of ["nearest", "bilinear"] as const)
    differentiate((g, t) => ((x) => [ops.resize(g, { x, h: 5, w: 4, mode }), [x]])(t("x", [1, 3, 6, 5])));
  return graphs;
}

const declarations = (d: Dispatch): BindingDecl[] =>
  Object.entries(d.bindings).map(([name, b]) => ({ name, dtype: b.tensor.dtype, access: b.access, scalar: b.scalar }));
const finish = (d: Dispatch, as: SizesAs): Wgsl =>
  expand(
    d.shader,
    d.constants ?? {},
    declarations(d),
    Object.keys(d.sizes),
    as === "uniform" ? Object.keys(d.sizes) : [],
    d.floats,
  );

const invocations = (d: Dispatch): number =>
  64 * d.groups.reduce<number>((n, g = 1) => n * (typeof g === "object" ? g.count.capacity / g.per : g), 1);

/** The cheapest dispatch of every distinct text. */
const stepsOf = (d: Dispatch): number => d.flops / invocations(d);
/** Most steps of a thread that the race check follows, but for one dispatch of each shader. */
const STEPS = process.env.SPADE_LONG === "1" ? 10_000 : 150;

const shaders = new Map<string, Dispatch>();

beforeAll(async () => {
  const device = await testDevice();
  const known = device.target.features;
  for (const software of [true, false]) {
    for (const features of [new Set<string>(), known]) {
      for (const dtype of ["f32", "f16"] as const) {
        if (dtype === "f16" && !features.has("shader-f16")) continue;
        const target = paperTarget({ ...device.target, software, features, variants: {} });
        const graphs = [
          otherOps(target, dtype),
          synced(target, dtype),
          ...backwards(target, dtype),
          ...recordProbes(target).map(({ graph }) => graph),
        ];
        for (const c of configs) for (const map of maps) graphs.push(...recordGenerator(c, target, dtype, map));
        for (const d of graphs.flatMap((g) => g.dispatches)) {
          const { code } = finish(d, "uniform");
          const found = shaders.get(code);
          if (!found || d.flops < found.flops) shaders.set(code, d);
        }
      }
    }
  }
});

test("the recordings reach every file of shaders/", () => {
  const used = [...shaders.values()].map((d) => d.shader.text);
  const folder = new URL("../../shaders/", import.meta.url);
  const missed = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((f) => f.endsWith(".wgsl"))
    .filter((f) => !used.some((text) => text.includes(readFileSync(new URL(f, folder), "utf8").trim())));
  expect(missed).toEqual([]);
});

test.for(["override", "uniform"] as const)("Dawn compiles all of them without a message (sizes as %s)", async (as) => {
  const { gpu } = await testDevice();
  const told: string[] = [];
  for (const d of shaders.values()) {
    const { code, lines } = finish(d, as);
    gpu.pushErrorScope("validation");
    const module = gpu.createShaderModule({ code });
    const refused = gpu.popErrorScope();
    for (const m of (await module.getCompilationInfo()).messages) {
      told.push(`${d.shader.name}:${lines[m.lineNum - 1]} ${m.type}: ${m.message.split("\n")[0]}`);
    }
    if (await refused) told.push(`${d.shader.name} is refused`);
  }
  expect(told).toEqual([]);
});

interface Tracker {
  record(buffer: string, offset: number, size: number, kind: "read" | "write", atomic: boolean): void;
}
interface Reflect {
  MemoryTracker: { prototype: Tracker };
  CallExpr: { prototype: { setCachedReturnValue(value: unknown): void } };
  detectRaces(
    code: string,
    kernel: string,
    groups: number[],
    bindings: Record<number, Record<number, ArrayBuffer | { uniform: ArrayBuffer }>>,
  ): { races: { message: string }[]; errors: string[] };
}
const { MemoryTracker, CallExpr, detectRaces } = reflect as unknown as Reflect;
// wgsl_reflect 1.6 keeps what a function returned at the call in the program's text, which all invocations share: each would read what the last
// one computed, such as the place where it writes. Without that it calls the function again.
CallExpr.prototype.setCachedReturnValue = () => undefined;

/**
 * What wgsl_reflect does not read, said in other words: `block`, a keyword to it, and subgroups. A broadcast gives a value, not an
 * address, so that any value of its type will do; a workgroup is one subgroup.
 */
function readable(code: string): string {
  const other = code
    .replace(/\bblock\b/g, "block_")
    .replace(/^enable subgroups;$/m, "")
    .replace("subgroup_invocation_id", "local_invocation_index");
  return other.includes("subgroupBroadcast(")
    ? `fn subgroupBroadcast(v: vec4f, lane: u32) -> vec4f { return v; }\n${other}`
    : other;
}

describe("no two invocations touch what one of them writes, unless a barrier parts them", () => {
  // wgsl_reflect logs to the console.
  const hush = (): void => {
    for (const channel of ["error", "warn", "log"] as const) vi.spyOn(console, channel).mockReturnValue(undefined);
  };
  afterEach(() => void vi.restoreAllMocks());

  /** Races within workgroups by wgsl_reflect, and among the workgroups of a corner of the grid by the addresses they write. */
  function races(d: Dispatch): string[] {
    const decls = declarations(d);
    const writable = new Set(decls.filter((b) => b.access === "read_write").map((b) => b.name));
    const storage = new Set(decls.map((b) => b.name));
    const writer = new Map<string, Tracker>();
    const found: string[] = [];
    const { record } = MemoryTracker.prototype;
    vi.spyOn(MemoryTracker.prototype, "record").mockImplementation(function (this: Tracker, buffer, offset, ...rest) {
      // What is bound for reading takes no part in a race. (Leaving it out makes the check quick.)
      if (buffer === "sizes" || (storage.has(buffer) && !writable.has(buffer))) return;
      record.call(this, buffer, offset, ...rest);
      if (!storage.has(buffer)) return;
      const key = `${buffer}+${offset}`;
      const other = writer.get(key);
      if (other && other !== this) found.push(`${key} is written by one workgroup and touched by another`);
      if (rest[1] === "write") writer.set(key, this);
    });
    const bindings: Parameters<Reflect["detectRaces"]>[3][number] = {};
    decls.forEach(({ name }, i) => (bindings[i] = new ArrayBuffer(d.bindings[name].tensor.bytes)));
    const sizes = Object.values(d.sizes);
    const uniform = new Uint32Array(Math.ceil(sizes.length / 4) * 4);
    uniform.set(sizes);
    if (sizes.length) bindings[decls.length] = { uniform: uniform.buffer };
    const corner = [0, 1, 2].map((i) => {
      const n = d.groups[i] ?? 1;
      return Math.min(2, typeof n === "object" ? countedGroups(n, n.count.capacity) : n);
    });
    const result = detectRaces(readable(finish(d, "uniform").code), "main", corner, { 0: bindings });
    return [...result.errors, ...result.races.map((r) => r.message), ...found];
  }

  test("in every shader that wgsl_reflect can read", () => {
    hush();
    const unread = new Map<string, string>();
    const racy: string[] = [];
    const long = new Set<string>();
    let checked = 0;
    const least = new Map<string, number>();
    for (const d of shaders.values())
      least.set(d.shader.name, Math.min(stepsOf(d), least.get(d.shader.name) ?? Infinity));
    for (const [code, d] of shaders) {
      // Of the two storage types one is enough; wgsl_reflect has no f16.
      if (Object.values(d.bindings).some((b) => BYTES[b.tensor.dtype] === 2)) continue;
      const shortest = least.get(d.shader.name)!;
      if (shortest > 10_000) long.add(d.shader.name);
      if (shortest > 10_000 || stepsOf(d) > Math.max(STEPS, shortest)) continue;
      try {
        const found = races(d);
        if (found.length) racy.push(`${d.shader.name}: ${found[0]}`);
        else checked++;
      } catch (error) {
        unread.set(
          d.shader.name,
          `${(error as Error).message.split("\n")[0]}${/^(enable|requires)/m.exec(code) ? " (uses an extension)" : ""}`,
        );
      } finally {
        vi.mocked(MemoryTracker.prototype.record).mockRestore();
      }
    }
    vi.restoreAllMocks();
    for (const [name, why] of unread) console.info(`wgsl_reflect can't read ${name}: ${why}`);
    expect(racy).toEqual([]);
    expect([...unread].filter(([, why]) => !why.endsWith("(uses an extension)"))).toEqual([]);
    // Only the bench's probe takes too many steps to follow; its threads write a number each.
    expect([...long]).toEqual(["probe_fma"]);
    expect(checked).toBeGreaterThan(20);
  });

  test.for([
    ["a missing barrier", "part[i] = 1.0; if (i > 0u) { y[i] = vec4f(part[i - 1u]); }", /race on 'part'/i],
    ["one address for a workgroup", "y[0] = vec4f(part[i]);", /race on 'y'/i],
    ["an overlap of workgroups", "y[i] = vec4f(part[i]);", /^y\+0 is written by one workgroup/],
    ["a barrier that some do not reach", "if (i > 1u) { return; } workgroupBarrier();", /divergence/i],
  ] as const)("and the check sees %s", ([, body, message]) => {
    hush();
    const g = new Graph(paperTarget());
    const text = `var<workgroup> part: array<f32, 4>;
@compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32, @builtin(workgroup_id) g: vec3u) { ${body} }`;
    const bindings = { y: { tensor: g.temp("y", [32]), access: "read_write", scalar: false } } as const;
    g.dispatch({ shader: { name: "bad", text }, bindings, groups: [2], flops: 0 });
    expect(races(g.dispatches[0])[0]).toMatch(message);
  });
});
