// Times every dispatch with timestamp queries; prints a table, and writes a Chrome trace that opens in Perfetto.

import type { Device } from "../device.ts";
import { SpadeError } from "../errors.ts";
import type { Dispatch } from "../graph.ts";
import type { Storage } from "../tensor.ts";
import type { Program } from "./program.ts";
import type { RunOptions } from "./run.ts";

export interface ProfileRow {
  readonly label: string;
  readonly shader: string;
  /** Milliseconds since the first dispatch began. */
  readonly start: number;
  readonly ms: number;
  readonly flops: number;
  readonly bytes: number;
}

export interface Profile {
  readonly name: string;
  readonly rows: readonly ProfileRow[];
  /** Milliseconds from the first dispatch's begin to the last one's end. */
  readonly total: number;
}

/** The most timestamps in one query set (WebGPU's limit). */
const MOST_QUERIES = 4096;

class Profiler {
  private readonly sets: GPUQuerySet[] = [];
  private readonly resolved: Storage;
  private readonly staging: Storage;

  constructor(
    private readonly device: Device,
    private readonly steps: number,
  ) {
    if (!device.gpu.features.has("timestamp-query")) {
      throw new SpadeError(
        "unsupported",
        "profile",
        `${device.name} has no timestamp-query`,
        "profile on another adapter",
      );
    }
    for (let left = steps * 2; left > 0; left -= MOST_QUERIES) {
      this.sets.push(device.gpu.createQuerySet({ type: "timestamp", count: Math.min(left, MOST_QUERIES) }));
    }
    this.resolved = device.alloc("timestamps", Math.max(16, steps * 16), 0x200 /* QUERY_RESOLVE */ | 4 /* COPY_SRC */);
    this.staging = device.alloc("timestamps staging", this.resolved.bytes, 1 /* MAP_READ */ | 8 /* COPY_DST */);
  }

  async measure(
    name: string,
    dispatches: readonly Dispatch[],
    encode: (pass: GPUComputePassEncoder, i: number) => void,
  ): Promise<Profile> {
    const { gpu } = this.device;
    const encoder = gpu.createCommandEncoder({ label: `${name} profile` });
    for (let i = 0; i < this.steps; i++) {
      const querySet = this.sets[Math.floor((2 * i) / MOST_QUERIES)];
      const at = (2 * i) % MOST_QUERIES;
      const pass = encoder.beginComputePass({
        timestampWrites: { querySet, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 },
      });
      encode(pass, i);
      pass.end();
    }
    this.sets.forEach((set, i) =>
      encoder.resolveQuerySet(set, 0, set.count, this.resolved.buffer, i * MOST_QUERIES * 8),
    );
    gpu.queue.submit([encoder.finish()]);
    const ns = new BigUint64Array(await this.device.fetch(`${name} profile`, this.resolved, this.staging.buffer));
    const zero = ns[0];
    const ms = (t: bigint): number => Number(t - zero) / 1e6;
    const rows = dispatches.map((d, i): ProfileRow => ({
      label: d.label,
      shader: d.shader.name,
      start: ms(ns[2 * i]),
      ms: ms(ns[2 * i + 1]) - ms(ns[2 * i]),
      flops: d.flops,
      bytes: d.bytes,
    }));
    const last = rows[rows.length - 1];
    return { name, rows, total: last ? last.start + last.ms : 0 };
  }

  dispose(): void {
    for (const s of this.sets) s.destroy();
    this.device.free(this.resolved);
    this.device.free(this.staging);
  }
}

/** Runs every dispatch of a program in a separate pass with timestamps around it. Nothing is exchanged with peers. @throws SpadeError unsupported */
export async function profileProgram(program: Program, options: RunOptions = {}): Promise<Profile> {
  program.begin(options);
  const { dispatches } = program;
  const profiler = new Profiler(program.device, dispatches.length);
  try {
    return await profiler.measure(program.name, dispatches, (pass, i) => program.encode(pass, i, i + 1));
  } finally {
    profiler.dispose();
  }
}

/** A rate in units of 1e9 per second; 0 if the measured time is 0. */
const giga = (amount: number, ms: number): number => (ms > 0 ? amount / ms / 1e6 : 0);

/** A table of times summed by `key` (default: shader), longest first. */
export function profileTable(profile: Profile, key: (row: ProfileRow) => string = (r) => r.shader): string {
  const sums = new Map<string, { ms: number; flops: number; bytes: number; n: number }>();
  for (const r of profile.rows) {
    const s = sums.get(key(r)) ?? { ms: 0, flops: 0, bytes: 0, n: 0 };
    sums.set(key(r), { ms: s.ms + r.ms, flops: s.flops + r.flops, bytes: s.bytes + r.bytes, n: s.n + 1 });
  }
  const busy = [...sums.values()].reduce((a, s) => a + s.ms, 0);
  const lines = [
    `${profile.name}: ${profile.total.toFixed(1)} ms, ${profile.rows.length} dispatches`,
    "        ms  share  dispatches    GFLOP/s      GB/s  what",
  ];
  for (const [what, s] of [...sums].sort((a, b) => b[1].ms - a[1].ms)) {
    lines.push(
      `${s.ms.toFixed(2).padStart(10)}  ${(busy > 0 ? (100 * s.ms) / busy : 0).toFixed(1).padStart(4)}%  ${String(s.n).padStart(10)} ${giga(s.flops, s.ms).toFixed(2).padStart(10)} ${giga(s.bytes, s.ms).toFixed(2).padStart(9)}  ${what}`,
    );
  }
  return lines.join("\n");
}

/** The profile in Chrome's trace event format (microseconds). */
export function chromeTrace(profiles: readonly Profile[]): string {
  const traceEvents = profiles.flatMap((p, tid) => [
    { ph: "M", name: "thread_name", pid: 1, tid, args: { name: p.name } },
    ...p.rows.map((r) => ({
      ph: "X",
      name: r.label,
      cat: r.shader,
      pid: 1,
      tid,
      ts: r.start * 1e3,
      dur: r.ms * 1e3,
      args: { flops: r.flops, bytes: r.bytes, "GFLOP/s": giga(r.flops, r.ms) },
    })),
  ]);
  return JSON.stringify({ traceEvents, displayTimeUnit: "ms" });
}
