// Timing for the benches: runs that wait for the device, runs between timestamps on the device, and their medians.

import { spawnSync } from "node:child_process";
import type { Device, Program } from "../../src/runtime/index.ts";
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

/** What tells the time: the device's own timestamps, or the host, which waits for the device. */
export const clockOf = (device: Device): "timestamps" | "host" =>
  device.gpu.features.has("timestamp-query") ? "timestamps" : "host";

/** Short programs run again until they have taken this long together, or this often. */
const ENOUGH_MS = 20;
const MOST_RUNS = 50;

/**
 * ms on the device of at least `runs` runs of a program, after two that are not counted: from the first dispatch's begin to the last one's
 * end by timestamps, without submits, uploads and waiting. Where the adapter has no timestamps, as timeProgram.
 */
export async function timeOnDevice(
  program: Program,
  options: Parameters<Program["run"]>[0] = {},
  runs = 5,
): Promise<number[]> {
  if (clockOf(program.device) === "host") return timeProgram(program, options, runs);
  const [, first] = await stamped(program, options, 2);
  return stamped(program, options, Math.max(runs, Math.min(MOST_RUNS, Math.ceil(ENOUGH_MS / first))));
}

/** Runs one after the other, each a submit, without waiting in between: a device that waits lowers its clock. */
async function stamped(program: Program, options: Parameters<Program["run"]>[0] = {}, runs: number): Promise<number[]> {
  const { device, name } = program;
  const { gpu } = device;
  program.begin(options);
  const querySet = gpu.createQuerySet({ type: "timestamp", count: 2 * runs });
  const resolved = device.alloc(`${name} timestamps`, 16 * runs, 0x200 /* QUERY_RESOLVE */ | 4 /* COPY_SRC */);
  try {
    for (let i = 0; i < runs; i++) {
      const encoder = gpu.createCommandEncoder({ label: name });
      const pass = encoder.beginComputePass({
        timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
      });
      program.encode(pass);
      pass.end();
      if (i === runs - 1) encoder.resolveQuerySet(querySet, 0, 2 * runs, resolved.buffer, 0);
      gpu.queue.submit([encoder.finish()]);
    }
    const ns = new BigUint64Array(await device.download(resolved));
    return Array.from({ length: runs }, (_, i) => Number(ns[2 * i + 1] - ns[2 * i]) / 1e6);
  } finally {
    querySet.destroy();
    device.free(resolved);
  }
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
