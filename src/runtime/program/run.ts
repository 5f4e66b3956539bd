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

/** Runs programs one after the other: in one submit, or in awaited slices with at most two in flight, or from cut to cut. */
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
    if (programs.every((p) => !p.cuts.length)) await runInSlices(programs, how.slice!, how);
    else for (const p of programs) await runInParts(p, { ...how, last: p === programs.at(-1) ? how.last : undefined });
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

/** Dispatches [from, to) of a program. */
interface Part {
  readonly program: Runnable;
  readonly from: number;
  readonly to: number;
}

/** Cuts programs into slices of about `ms` milliseconds: small programs share one. */
function slicesOf(programs: readonly Runnable[], ms: number): Part[][] {
  const slices: Part[][] = [[]];
  let left = ms;
  for (const program of programs) {
    let from = 0;
    const upTo = (to: number): void => {
      if (to > from) slices.at(-1)!.push({ program, from, to });
      from = to;
    };
    program.estimates().forEach((estimate, i) => {
      left -= estimate;
      if (left > 0) return;
      upTo(i + 1);
      slices.push([]);
      left = ms;
    });
    upTo(program.dispatchCount);
  }
  return slices.filter(({ length }, i) => length || !i);
}

/** Submits slices in turn, the next while one runs: each wait is a round trip to the adapter, which other work of the page's frames lengthens. */
async function runInSlices(
  programs: readonly Runnable[],
  ms: number,
  { signal, last }: Pick<RunOptions, "signal" | "last">,
): Promise<void> {
  const [{ device, name }] = programs;
  const begun = performance.now();
  const expected = programs.flatMap((p) => p.estimates()).reduce((sum, estimate) => sum + estimate, 0);
  const flying = new Flying(device);
  const slices = slicesOf(programs, ms);
  for (const slice of slices) {
    const parts = slice.map(({ program, from, to }) => ({
      encode: (pass: GPUComputePassEncoder) => program.encode(pass, from, to),
    }));
    submit(device, name, parts, { last: slice === slices.at(-1) ? last : undefined });
    await flying.add();
    signal?.throwIfAborted();
    device.check(name);
  }
  await flying.landed();
  device.check(name);
  const took = performance.now() - begun;
  for (const p of programs) p.learn(took / expected);
}

/** Submits whose work is not done, at most two. */
class Flying {
  private readonly waits: Promise<void>[] = [];

  constructor(private readonly device: Device) {}

  /** Adds the work that was submitted last; waits until there is room for more. */
  async add(): Promise<void> {
    const { device, waits } = this;
    // If the device is lost meanwhile, check() throws; a rejection here might go unhandled.
    waits.push(device.wait(device.gpu.queue.onSubmittedWorkDone()).then(nothing, nothing));
    if (waits.length >= 2) await waits.shift();
  }

  async landed(): Promise<void> {
    await Promise.all(this.waits);
  }
}

/** Submits a program up to the end of each slice and each cut in turn. */
async function runInParts(p: Runnable, { slice, signal, exchange, last }: RunOptions): Promise<void> {
  const { device } = p;
  const exchanges = exchange?.(device, p.cuts);
  const sliceEnds = slice ? slicesOf([p], slice).flatMap((parts) => parts.map(({ to }) => to)) : [];
  const ends = [...(exchanges?.ends ?? []), ...sliceEnds, p.dispatchCount];
  const flying = new Flying(device);
  let from = 0;
  try {
    for (const to of [...new Set(ends)].sort((a, b) => a - b)) {
      await exchanges?.finish(from);
      submit(device, p.name, [p], { from, to, last: to === p.dispatchCount ? last : undefined });
      exchanges?.start(to);
      from = to;
      if (!slice) continue;
      await flying.add();
      signal?.throwIfAborted();
      device.check(p.name);
    }
    await exchanges?.finish(from);
  } finally {
    await exchanges?.close();
  }
  await flying.landed();
  device.check(p.name);
}

const nothing = (): void => undefined;
