// What every lesson of the lab shares: a production kernel and a variant that lost, on the same values. First both results are compared,
// then both are timed in turns (A B, B A, A B ...), so that other work on the machine slows both alike.

import { Graph, Program, type Device, type HostArray, type Tensor } from "../../src/runtime/index.ts";
import { median } from "../lib/measure.ts";

/** One kernel, or a chain of them, ready to run. */
export interface Entry {
  readonly name: string;
  /** Runs once and waits for the device. */
  run(): Promise<void>;
  read(): Promise<Float32Array>;
  dispose(): void;
}

export interface Contest {
  readonly shape: string;
  readonly production: Entry;
  readonly lost: Entry;
  /** Most error of a value, relative to the largest value of the production kernel's result. */
  readonly tolerance: number;
  /** What else is worth knowing of the two, measured after the times. */
  note?(): Promise<string>;
}

export interface Lesson {
  readonly title: string;
  contests(device: Device): AsyncGenerator<Contest, void, void>;
}

export interface Outcome {
  readonly lesson: string;
  readonly shape: string;
  readonly production: string;
  readonly lost: string;
  /** ms, in the order of the runs. */
  readonly ms: { readonly production: number[]; readonly lost: number[] };
  /** Median of lost over median of production. */
  readonly ratio: number;
  /** Largest difference of the results, relative as `tolerance`. */
  readonly error: number;
  readonly note?: string;
}

/** Compiles a recording with one result; `inputs` are set once. */
export async function recorded(
  device: Device,
  name: string,
  record: (g: Graph) => Tensor,
  inputs: Readonly<Record<string, HostArray>>,
): Promise<Entry> {
  const g = new Graph(device.target);
  g.output("y", record(g));
  const program = await Program.compile(g, device, { name });
  for (const [input, values] of Object.entries(inputs)) program.setInput(input, values);
  return entryOf(name, program);
}

/** A compiled program with the output "y". */
export function entryOf(name: string, program: Program, dispose = () => program.dispose()): Entry {
  const { device } = program;
  return {
    name,
    async run() {
      await program.run();
      await device.wait(device.gpu.queue.onSubmittedWorkDone());
    },
    read: () => program.read("y"),
    dispose,
  };
}

/** Largest |a - b| over the largest |b|. NaN if a value is not finite. */
export function largestError(a: Float32Array, b: Float32Array): number {
  let [error, size] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    if (!Number.isFinite(a[i]) || !Number.isFinite(b[i])) return NaN;
    error = Math.max(error, Math.abs(a[i] - b[i]));
    size = Math.max(size, Math.abs(b[i]));
  }
  return error / size;
}

/** @throws Error: the two results differ by more than the contest's tolerance */
export async function hold(lesson: string, contest: Contest, rounds: number): Promise<Outcome> {
  const { shape, production, lost, tolerance } = contest;
  try {
    // Pipelines are finished at their first run.
    await production.run();
    await lost.run();
    const expected = await production.read();
    const error = largestError(await lost.read(), expected);
    if (!(error <= tolerance) || !expected.some((v) => v !== 0))
      throw new Error(
        `${lesson}, ${shape}: ${lost.name} differs from ${production.name} by ${error} of the largest value`,
      );
    const ms = { production: [] as number[], lost: [] as number[] };
    const time = async (which: "production" | "lost"): Promise<void> => {
      const start = performance.now();
      await contest[which].run();
      ms[which].push(performance.now() - start);
    };
    for (let i = 0; i < rounds; i++) {
      await time(i % 2 ? "lost" : "production");
      await time(i % 2 ? "production" : "lost");
    }
    const note = await contest.note?.();
    const ratio = median(ms.lost) / median(ms.production);
    return { lesson, shape, production: production.name, lost: lost.name, ms, ratio, error, note };
  } finally {
    production.dispose();
    lost.dispose();
  }
}
