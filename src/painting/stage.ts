// A painter is a list of stages: programs in order, each of which declares what it reads. A change marks the stages that read it as stale;
// a run executes only the stale ones, in order. Recordings need no GPU: memory reports and tests read them.

import { Program, runPrograms, type Device, type Graph, type HostArray, type RunOptions } from "../runtime/index.ts";

/** What a stage's results may depend on. */
export type Reads = "weights" | "map" | "style";

/** The recording of a stage. */
export interface Recording {
  readonly name: string;
  /** Everything that its results depend on, including through earlier stages. */
  readonly reads: readonly Reads[];
  readonly graph: Graph;
}

/** How a run is cut into slices, the signal that aborts it, and what its last submit does besides. */
export type RunHow = Pick<RunOptions, "slice" | "signal" | "last" | "typical">;

/** A stage on a device. */
export class Stage<R extends Recording = Recording> {
  private counts: Record<string, number> = {};
  private stale = true;

  private constructor(
    readonly recording: R,
    readonly program: Program,
  ) {}

  static async compile<R extends Recording>(
    recording: R,
    device: Device,
    onProgress?: (done: number, total: number) => void,
  ): Promise<Stage<R>> {
    return new Stage(recording, await Program.compile(recording.graph, device, { name: recording.name, onProgress }));
  }

  /** Sets inputs, and the counts of the next runs. Does not mark the stage as stale: change() does. */
  set(inputs: Readonly<Record<string, HostArray>>, counts: Record<string, number> = {}): void {
    for (const [name, data] of Object.entries(inputs)) this.program.setInput(name, data);
    Object.assign(this.counts, counts);
  }

  get isStale(): boolean {
    return this.stale;
  }

  /** Marks the stage as stale if it reads `what`, which has changed. */
  change(what: Reads): void {
    if (this.recording.reads.includes(what)) this.stale = true;
  }

  /** @internal Marks its results as up to date. */
  made(): void {
    this.stale = false;
  }

  get options(): RunOptions {
    return { counts: this.counts };
  }

  dispose(): void {
    this.program.dispose();
  }
}

/** Runs the stale stages in their order, in one submit or in slices. Resolves when the work is queued; an aborted stage stays stale. */
export async function runStale(stages: readonly Stage[], how: RunHow = {}): Promise<void> {
  const stale = stages.filter((stage) => stage.isStale);
  const { last } = how;
  if (last && !stale.length) {
    const { gpu } = stages[0].program.device;
    const encoder = gpu.createCommandEncoder({ label: "last" });
    last(encoder);
    return gpu.queue.submit([encoder.finish()]);
  }
  const options = new Map(stale.map((stage) => [stage.program, stage.options]));
  await runPrograms([...options.keys()], options, how);
  for (const stage of stale) stage.made();
}
