// Runs programs: everything in one submit, or in awaited slices, or cut where tensors are exchanged with peers.

import type { Device } from "../device.ts";
import { SpadeError } from "../errors.ts";
import type { HostArray } from "../tensor.ts";
import type { OpenExchanges, PlacedCut } from "./exchange.ts";

export interface RunOptions {
  /** Values of the program's inputs by name: dense arrays in the tensor's logical shape. Omitted inputs keep their last values. */
  inputs?: Readonly<Record<string, HostArray>>;
  /** Rows of counted tables. */
  counts?: Readonly<Record<string, number>>;
  /** Cut the run into awaited submits of about this many milliseconds. */
  slice?: number;
  /** Stops between slices; throws signal.reason. */
  signal?: AbortSignal;
  /** Exchanges tensors with peers (exchanging(callback)); a program that was recorded with peers needs it. */
  exchange?: OpenExchanges;
  /** False: it runs few of its dispatches' parts, whose time says nothing of the adapter's rate. */
  typical?: boolean;
  /** Adds to the last submit, after its dispatches: draws or copies results. Not called if the run was aborted. */
  last?: (encoder: GPUCommandEncoder) => void;
}

/** What a run needs of a program. */
export interface Runnable {
  readonly name: string;
  readonly device: Device;
  /** Checks and writes inputs. */
  begin(options: RunOptions): void;
  /** Encodes dispatches [from, to). */
  encode(pass: GPUComputePassEncoder, from?: number, to?: number): void;
  readonly dispatchCount: number;
  readonly cuts: readonly PlacedCut[];
  /** What each dispatch will take, in milliseconds, at the measured rate. */
  estimates(): number[];
  /** Marks a run in several submits as started or ended. */
  hold(running: boolean): void;
  /** Takes how many times as long as estimated a run took. */
  learn(factor: number): void;
}

/** Runs programs one after the other: in one submit, or in awaited slices, or from cut to cut. */
export async function runPrograms(
  programs: readonly Runnable[],
  options: ReadonlyMap<Runnable, RunOptions> = new Map(),
  how: Pick<RunOptions, "slice" | "signal" | "exchange" | "last"> = {},
): Promise<void> {
  if (!programs.length) return;
  how.signal?.throwIfAborted();
  for (const p of programs) {
    if (p.cuts.length && !how.exchange)
      throw new SpadeError(
        "usage",
        p.name,
        `exchanges tensors with peers (${p.cuts[0].name})`,
        "give run({ exchange: exchanging(callback) }), or record it without peers",
      );
    p.begin(options.get(p) ?? {});
  }
  const { device } = programs[0];
  if (programs.some((p) => p.device !== device))
    throw new SpadeError(
      "usage",
      "runPrograms",
      "the programs are on several devices",
      "run each device's programs by themselves",
    );
  if (!how.slice && programs.every((p) => !p.cuts.length)) return submit(device, programs[0].name, programs, how);
  for (const p of programs) p.hold(true);
  try {
    // What is exchanged belongs to one program.
    const groups = programs.some((p) => p.cuts.length) ? programs.map((p) => [p]) : [programs];
    for (const group of groups)
      await runInSlices(group, { ...how, last: group === groups.at(-1) ? how.last : undefined });
  } finally {
    for (const p of programs) p.hold(false);
  }
}

/** Submits dispatches [from, to) of programs, by default all. */
export function submit(
  { gpu }: Device,
  name: string,
  programs: readonly Pick<Runnable, "encode">[],
  { from, to, last }: { from?: number; to?: number; last?: RunOptions["last"] },
): void {
  const encoder = gpu.createCommandEncoder({ label: name });
  const pass = encoder.beginComputePass({ label: name });
  for (const p of programs) p.encode(pass, from, to);
  pass.end();
  last?.(encoder);
  gpu.queue.submit([encoder.finish()]);
}

/** Slices that are queued at a time: with fewer the adapter waits for the page's thread while frames are drawn. */
const FLYING = 3;

/** Dispatches [from, to) of a program. */
interface Part {
  readonly program: Runnable;
  readonly from: number;
  readonly to: number;
}

/**
 * Cuts programs into slices of about `ms` milliseconds: small programs share one.
 * @param ends numbers of dispatches of each program after which a slice ends in any case
 */
function slicesOf(programs: readonly Runnable[], ms: number, ends: readonly number[] = []): Part[][] {
  const slices: Part[][] = [[]];
  let left = ms;
  for (const program of programs) {
    let from = 0;
    program.estimates().forEach((estimate, i, { length }) => {
      left -= estimate;
      const isFull = left <= 0 || ends.includes(i + 1);
      if (!isFull && i + 1 < length) return;
      slices.at(-1)!.push({ program, from, to: i + 1 });
      from = i + 1;
      if (!isFull) return;
      slices.push([]);
      left = ms;
    });
  }
  return slices.filter((parts) => parts.length);
}

/**
 * Submits slices in turn, the next ones while one runs: each wait is a round trip to the adapter, which the page's frames lengthen. With an
 * exchange there is one program.
 */
async function runInSlices(
  programs: readonly Runnable[],
  { slice, signal, exchange, last, typical = true }: RunOptions,
): Promise<void> {
  const [{ device, name, cuts, dispatchCount }] = programs;
  const begun = performance.now();
  const expected = programs.flatMap((p) => p.estimates()).reduce((sum, estimate) => sum + estimate, 0);
  const exchanges = exchange?.(device, cuts);
  const slices = slicesOf(programs, slice ?? Infinity, exchanges?.ends);
  const waits: Promise<void>[] = [];
  try {
    for (const parts of slices) {
      await exchanges?.finish(parts[0].from);
      const work = parts.map(({ program, from, to }) => ({
        encode: (pass: GPUComputePassEncoder) => program.encode(pass, from, to),
      }));
      submit(device, name, work, { last: parts === slices.at(-1) ? last : undefined });
      exchanges?.start(parts[0].to);
      if (!slice) continue;
      // If the device is lost meanwhile, check() throws; a rejection here might go unhandled.
      waits.push(device.wait(device.gpu.queue.onSubmittedWorkDone()).then(nothing, nothing));
      if (waits.length >= FLYING) await waits.shift();
      signal?.throwIfAborted();
      device.check(name);
    }
    await exchanges?.finish(dispatchCount);
  } finally {
    await exchanges?.close();
  }
  await Promise.all(waits);
  device.check(name);
  if (slice && !exchanges && typical) for (const p of programs) p.learn((performance.now() - begun) / expected);
}

const nothing = (): void => undefined;
