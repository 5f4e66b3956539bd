// What an adapter reaches at this moment: multiply-adds, copies, and products of matrices where it has a unit for them.

import {
  Graph,
  Program,
  read,
  write,
  writeScalars,
  type Device,
  type DType,
  type Target,
} from "../../src/runtime/index.ts";
import { median, timeOnDevice } from "./measure.ts";
import copyText from "./probe_copy.wgsl";
import fmaText from "./probe_fma.wgsl";
import matrixText from "./probe_matrix.wgsl";

export interface Roofline {
  /** FLOP/s, a multiply-add counted as two. */
  flops: number;
  /** Bytes read and written a second by a plain copy. */
  bytes: number;
}

const CHAINS = [...Array(12).keys()];

/** A kernel of multiply-adds, and a copy. */
export function recordProbes(target: Target): { graph: Graph; inputs: Record<string, Float32Array> }[] {
  return [recordMultiplyAdds(target), recordCopy(target)];
}

function recordMultiplyAdds(target: Target): ReturnType<typeof recordProbes>[number] {
  const [threads, rounds] = target.software ? [1 << 14, 1 << 10] : [1 << 20, 1 << 12];
  const g = new Graph(target);
  const y = g.temp("y", [threads]);
  g.output("y", y);
  g.dispatch({
    shader: { name: "probe_fma", text: fmaText },
    constants: {
      declare: CHAINS.map((i) => `  var a${i} = f32(id.x + ${i}u);`).join("\n"),
      chain: CHAINS.map((i) => `    a${i} = a${i} * m + 1.0;`).join("\n"),
      total: CHAINS.map((i) => `a${i}`).join(" + "),
    },
    sizes: { ROUNDS: rounds },
    bindings: { y: writeScalars(y) },
    groups: [threads / 64],
    flops: 2 * CHAINS.length * threads * rounds,
  });
  return { graph: g, inputs: {} };
}

/** Workgroups of the copy on hardware: 256 MiB, which no cache holds. */
const COPIERS = 65535;
const COPY_THREADS = 256;

function recordCopy(target: Target): ReturnType<typeof recordProbes>[number] {
  const { maxStorageBufferBindingSize } = target.limits;
  const group = COPY_THREADS * 4;
  const groups = target.software ? 1 << 12 : Math.min(COPIERS, Math.floor(maxStorageBufferBindingSize / (4 * group)));
  const g = new Graph(target);
  const x = g.input("x", [groups * group]);
  const y = g.temp("y", [groups * group]);
  g.output("y", y);
  g.dispatch({
    shader: { name: "probe_copy", text: copyText },
    constants: { THREADS: COPY_THREADS },
    bindings: { x: read(x), y: write(y) },
    groups: [groups],
    flops: 0,
  });
  return { graph: g, inputs: { x: new Float32Array(groups * group) } };
}

/** The best of seven runs of each probe. */
export async function probe(device: Device): Promise<Roofline> {
  const best: { ms: number; flops: number; bytes: number }[] = [];
  for (const { graph, inputs } of recordProbes(device.target)) {
    const program = await Program.compile(graph, device, { name: "probe" });
    for (const [name, values] of Object.entries(inputs)) program.setInput(name, values);
    const ms = Math.min(...(await timeOnDevice(program, {}, 7)));
    program.dispose();
    best.push({ ms, flops: graph.dispatches[0].flops, bytes: graph.dispatches[0].bytes });
  }
  const [fma, copy] = best;
  return { flops: (fma.flops / fma.ms) * 1e3, bytes: (copy.bytes / copy.ms) * 1e3 };
}

/** A product of matrices that a subgroup computes in one instruction: a tile of M x K times one of K x N. */
export interface MatrixConfig {
  /** Of the factors: f32, f16, u8, i8. */
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

const FLOATS = ["f32", "f16"];

/** The adapter's products of floating-point matrices. */
export function matrixConfigs(device: Device): MatrixConfig[] {
  if (!device.gpu.features.has("chromium-experimental-subgroup-matrix")) return [];
  // Not in @webgpu/types yet. Its members are getters.
  const { subgroupMatrixConfigs = [] } = device.info as { subgroupMatrixConfigs?: Iterable<MatrixConfig> };
  return [...subgroupMatrixConfigs]
    .map(({ componentType, resultComponentType, M, N, K }) => ({ componentType, resultComponentType, M, N, K }))
    .filter((c) => FLOATS.includes(c.componentType) && FLOATS.includes(c.resultComponentType));
}

/** "f16 16x16x16 to f32". */
export const describeMatrix = ({ componentType, resultComponentType, M, N, K }: MatrixConfig): string =>
  `${componentType} ${M}x${N}x${K} to ${resultComponentType}`;

const TILES = [...Array(8).keys()];
const MATRIX_THREADS = 128;
const MATRIX_GROUPS = 4096;
const MATRIX_ROUNDS = 1024;

/** Outputs: "lanes", how many lanes a subgroup had. */
export function recordMatrixProbe(target: Target, c: MatrixConfig): Graph {
  const g = new Graph(target);
  const tile = c.M * c.N;
  const y = g.temp("y", [TILES.length * tile], c.resultComponentType as DType);
  const lanes = g.temp("lanes", [4], "u32");
  g.output("y", y);
  g.output("lanes", lanes);
  const result = `subgroup_matrix_result<${c.resultComponentType}, ${c.N}, ${c.M}>`;
  g.dispatch({
    shader: { name: "probe_matrix", text: matrixText },
    constants: {
      THREADS: MATRIX_THREADS,
      // Also where neither factors nor results are bound as f16.
      extensions: [c.componentType, c.resultComponentType].includes("f16") ? "enable f16;" : "",
      left: `subgroup_matrix_left<${c.componentType}, ${c.K}, ${c.M}>(${c.componentType}(0.5))`,
      right: `subgroup_matrix_right<${c.componentType}, ${c.N}, ${c.K}>(${c.componentType}(0.25))`,
      declare: TILES.map((i) => `  var c${i} = ${result}(${c.resultComponentType}(${i}));`).join("\n"),
      chain: TILES.map((i) => `    c${i} = subgroupMatrixMultiplyAccumulate(a, b, c${i});`).join("\n"),
      store: TILES.map((i) => `  subgroupMatrixStore<row_major>(&y, ${i * tile}u, c${i}, ${c.N}u);`).join("\n"),
    },
    sizes: { ROUNDS: MATRIX_ROUNDS },
    bindings: { y: writeScalars(y), lanes: writeScalars(lanes) },
    groups: [MATRIX_GROUPS],
    // Of one lane a subgroup: how many a subgroup has, only the device knows.
    flops: 2 * TILES.length * tile * c.K * MATRIX_ROUNDS * MATRIX_GROUPS * MATRIX_THREADS,
  });
  return g;
}

/** FLOP/s of each product of floating-point matrices; those that compute nothing are left out. */
export async function probeMatrices(device: Device): Promise<(MatrixConfig & { flops: number })[]> {
  const out: (MatrixConfig & { flops: number })[] = [];
  for (const config of matrixConfigs(device)) {
    const graph = recordMatrixProbe(device.target, config);
    const program = await Program.compile(graph, device, { name: `matrix probe ${describeMatrix(config)}` });
    const ms = median(await timeOnDevice(program, {}, 7));
    const [lanes] = await program.read("lanes", "i32");
    program.dispose();
    if (lanes > 0 && ms > 0) out.push({ ...config, flops: (graph.dispatches[0].flops / lanes / ms) * 1e3 });
  }
  return out;
}
