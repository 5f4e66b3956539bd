// What paints: a generator with its weights on a device, and its programs.

import type { LevelWindows } from "../labels/windows.ts";
import type { Profile, RunOptions } from "../runtime/index.ts";

export interface RunnerOptions {
  /** Pictures at once. */
  images?: number;
  /** Keep every block's output for readBlock (tests). */
  taps?: boolean;
  /** Programs that are compiled, the current one by its share of pipelines, and programs in all. */
  onProgress?: (done: number, total: number) => void;
}

/** Bytes on the device. */
export interface RunnerMemory {
  parameters: number;
  /** Winograd copies, sigmas, 1/std. */
  derived: number;
  tables: number;
  activations: number;
}

export interface Painter {
  /** Height and width of the picture. */
  readonly size: { h: number; w: number };
  readonly memory: RunnerMemory;
  warm(signal?: AbortSignal): Promise<void>;
  /** Takes what windowsOf makes of the maps. */
  setMap(windows: readonly LevelWindows[], signal?: AbortSignal): Promise<void>;
  runTables(how?: Pick<RunOptions, "slice" | "signal">): Promise<void>;
  paint(z?: Float32Array, how?: Pick<RunOptions, "slice" | "signal">): Promise<Float32Array>;
  profile(z?: Float32Array): Promise<Profile[]>;
  dispose(): void;
}

/** Adds up the progress of programs that are compiled one after another. */
export class CompileProgress {
  private done = 0;

  /** @param programs expected; more may come */
  constructor(
    private programs: number,
    private readonly report: RunnerOptions["onProgress"],
  ) {}

  /** Program.compile's onProgress. */
  readonly pipelines = (ready: number, wanted: number): void => {
    this.programs = Math.max(this.programs, this.done + 1);
    this.report?.(this.done + ready / wanted, this.programs);
    if (ready === wanted) this.done++;
  };
}
