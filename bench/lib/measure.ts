// Timing for the benches: runs that wait for the device, their medians, and the adapter's roofline in the same run.

import { spawnSync } from "node:child_process";
import { Graph, Program, read, write, writeScalars, type Device, type Target } from "../../src/runtime/index.ts";
import copyText from "./probe_copy.wgsl";
import fmaText from "./probe_fma.wgsl";
import { root } from "./maps.ts";

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

export const spread = (values: readonly number[]): { min: number; median: number; max: number; runs: number } => ({
  min: Math.min(...values),
  median: median(values),
  max: Math.max(...values),
  runs: values.length,
});

/** ms of `runs` runs of a program after one that is not counted (pipelines are finished at their first run). */
export async function timeProgram(
  program: Program,
  options: Parameters<Program["run"]>[0] = {},
  runs = 5,
): Promise<number[]> {
  const { device } = program;
  const once = async (): Promise<number> => {
    const start = performance.now();
    await program.run(options);
    await device.wait(device.gpu.queue.onSubmittedWorkDone());
    return performance.now() - start;
  };
  await once();
  const out: number[] = [];
  for (let i = 0; i < runs; i++) out.push(await once());
  return out;
}

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

function recordCopy(target: Target): ReturnType<typeof recordProbes>[number] {
  const elements = target.software ? 1 << 22 : 1 << 24;
  const g = new Graph(target);
  const x = g.input("x", [elements]);
  const y = g.temp("y", [elements]);
  g.output("y", y);
  g.dispatch({
    shader: { name: "probe_copy", text: copyText },
    bindings: { x: read(x), y: write(y) },
    groups: [elements / 4 / 64 > 65535 ? 65535 : elements / 4 / 64],
    flops: 0,
  });
  return { graph: g, inputs: { x: new Float32Array(elements) } };
}

/** The best of seven runs of each probe: what this adapter reaches at this moment. */
export async function probe(device: Device): Promise<Roofline> {
  const best: { ms: number; flops: number; bytes: number }[] = [];
  for (const { graph, inputs } of recordProbes(device.target)) {
    const program = await Program.compile(graph, device, { name: "probe" });
    for (const [name, values] of Object.entries(inputs)) program.setInput(name, values);
    const ms = Math.min(...(await timeProgram(program, {}, 7)));
    program.dispose();
    best.push({ ms, flops: graph.dispatches[0].flops, bytes: graph.dispatches[0].bytes });
  }
  const [fma, copy] = best;
  return { flops: (fma.flops / fma.ms) * 1e3, bytes: (copy.bytes / copy.ms) * 1e3 };
}

/** The measured commit; undefined outside a checkout. */
export function commit(): string | undefined {
  const { status, stdout } = spawnSync("git", ["-C", root, "describe", "--always", "--dirty", "--abbrev=40"]);
  return status === 0 ? stdout.toString().trim() : undefined;
}

/** Adapter, features, Node version and commit, for every result file. */
export function machine(device: Device): Record<string, unknown> {
  const { vendor, architecture, device: name, description } = device.info;
  return {
    adapter: device.name,
    vendor,
    architecture,
    device: name,
    driver: description,
    software: device.software,
    features: [...device.gpu.features].sort(),
    node: process.version,
    commit: commit(),
  };
}
