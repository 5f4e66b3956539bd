// What paints: a generator with its weights on a device, and its programs.

import type { LevelWindows } from "../labels/windows.ts";
import type { Profile } from "../runtime/index.ts";
import type { RunHow } from "./stage.ts";

export interface PainterOptions {
  /** Pictures at once. */
  images?: number;
  /** Keep every block's output, to be read under its name (tests). */
  taps?: boolean;
  /** Programs that are compiled, the current one by its share of pipelines, and programs in all. */
  onProgress?: (done: number, total: number) => void;
}

/** Bytes on the device. */
export interface PainterMemory {
  parameters: number;
  /** Winograd copies, sigmas, 1/std. */
  derived: number;
  tables: number;
  activations: number;
}

export interface Painter {
  /** Height and width of the picture. */
  readonly size: { h: number; w: number };
  readonly memory: PainterMemory;
  /** Compiles what the usual map needs, so that the first picture waits for no compiler. */
  warm(signal?: AbortSignal): Promise<void>;
  /**
   * Takes a map's dictionary (windowsOf, or one that lives on from map to map: then tables keep their rows, and get new ones for new windows
   * alone). Gives the number of windows for which rows are to be made. Nothing runs on the GPU but uploads; programs are made if the map needs larger tables than those
   * that are there. The arrays are read before the promise resolves and not kept. After an abort the painter has no map.
   */
  setMap(windows: readonly LevelWindows[], signal?: AbortSignal): Promise<{ newWindows: number }>;
  /** Takes a style: [N, z_dim] for nets with VAE. Others read none. */
  setStyle(z: Float32Array): void;
  /** Makes what depends on the map alone, if it is stale, and waits for it. */
  runTables(how?: RunHow): Promise<void>;
  /** Makes everything that is stale; the picture is then on the device. Resolves when the work is queued. */
  run(how?: RunHow): Promise<void>;
  /** The picture of the last run, [N,H,W,3] in [-1,1]. */
  read(): Promise<Float32Array<ArrayBuffer>>;
  /** setStyle, if z is given, run and read. */
  paint(z?: Float32Array, how?: RunHow): Promise<Float32Array<ArrayBuffer>>;
  /** Dispatch times of every stage. */
  profile(z?: Float32Array): Promise<Profile[]>;
  dispose(): void;
}

/** Adds up the progress of programs that are compiled one after another. */
export class CompileProgress {
  private done = 0;

  /** @param programs expected; more may come */
  constructor(
    private programs: number,
    private readonly report: PainterOptions["onProgress"],
  ) {}

  /** Program.compile's onProgress. */
  readonly pipelines = (ready: number, wanted: number): void => {
    this.programs = Math.max(this.programs, this.done + 1);
    this.report?.(this.done + ready / wanted, this.programs);
    if (ready === wanted) this.done++;
  };
}
