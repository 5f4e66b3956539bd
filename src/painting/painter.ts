// The interface of a painter: a generator with its weights and programs on a device.

import type { LevelWindows } from "../labels/windows.ts";
import type { Config } from "../models/config.ts";
import type { DerivedWeights } from "../models/weights/derived.ts";
import type { ParameterStore } from "../models/weights/parameters.ts";
import type { OnUploaded, StateSource } from "../models/weights/upload.ts";
import type { Device, Target } from "../runtime/index.ts";
import type { Output } from "./present/output.ts";
import type { Recording, RunHow, Stage } from "./stage.ts";

export interface PainterOptions {
  /** Pictures per run. */
  images?: number;
  /** Keep every block's output, readable under the block's name (for tests). */
  taps?: boolean;
  /**
   * Keep the results of layers, so that a map that differs little from the one before costs what it changes. For one picture a run, of
   * nets with running statistics and without noise; others paint as without it.
   */
  edits?: boolean;
  /** Of generators that always have noise: the inputs "noise ACE" of the last stage give its planes (for tests). */
  planes?: "given";
  /** Seed of the planes of a net with noise, 0 by default: the same for every picture, so that nothing flickers while one paints. */
  noiseSeed?: number;
  /** Where the values of the parameters come from, while programs are compiled; without it they have them. */
  weights?: { readonly source: StateSource; readonly onProgress?: OnUploaded };
  /** Called with the number of compiled programs, the current one as the fraction of its pipelines, and the total. */
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
  /**
   * Resolves when what depends on the weights alone is computed; nothing may be painted before. The originals of weights that are replaced
   * by copies are freed then.
   */
  readonly prepared: Promise<void>;
  /** Compiles what a typical map needs, so that the first picture need not wait for it. */
  warm(signal?: AbortSignal): Promise<void>;
  /**
   * Sets a map's dictionary, from windowsOf or from a live dictionary. With a live one, tables keep their rows, and only new windows need
   * new ones. Gives the number of windows whose rows must be computed. On the GPU this only uploads; it compiles programs if the map needs
   * larger tables than there are. The arrays are read before the promise resolves and not kept. After an abort the painter has no map.
   */
  setMap(windows: readonly LevelWindows[], signal?: AbortSignal): Promise<{ newWindows: number }>;
  /** Sets the style: z, [N, z_dim], of nets with VAE, the codes of regions, [N, labels, style_length], of SEAN. Other nets have none. */
  setStyle(z: Float32Array): void;
  /** Of nets with a style for each region: the codes of a photo's, [labels, style_length], zeros for labels that its map does not have. */
  encode?(photo: Float32Array, windows: readonly LevelWindows[]): Promise<Float32Array>;
  /** Runs the stale stages that do not depend on the style, such as tables, and waits for them. */
  runTables(): Promise<void>;
  /** Runs all stale stages, which computes the picture on the device. Resolves when the work is queued. */
  run(how?: RunHow): Promise<void>;
  /** The picture of the last run. */
  readonly output: Output;
  /** How many 2x2 tiles of it the last run painted; null: all. */
  readonly tiles: number | null;
  /** Calls setStyle (if z is given) and run, and reads the picture's numbers: [N,H,W,3] in [-1,1]. */
  paint(z?: Float32Array, how?: RunHow): Promise<Float32Array<ArrayBuffer>>;
  /** The stages of a picture, in order. */
  readonly stages: readonly Stage[];
  dispose(): void;
}

/** The painter of a kind of generator. */
export interface PainterKind {
  create(device: Device, c: Config, parameters: ParameterStore, options?: PainterOptions): Promise<Painter>;
  record(
    target: Target,
    c: Config,
    parameters: ParameterStore,
    windows?: readonly LevelWindows[],
    options?: PainterOptions,
  ): Recording[];
}

/** Sums the progress of programs that are compiled one after another. */
export class CompileProgress {
  private done = 0;

  /** @param programs expected number of programs; there may be more */
  constructor(
    private programs: number,
    private readonly report: PainterOptions["onProgress"],
  ) {}

  /** The onProgress to give to Program.compile. */
  readonly pipelines = (ready: number, wanted: number): void => {
    this.programs = Math.max(this.programs, this.done + 1);
    this.report?.(this.done + ready / wanted, this.programs);
    if (ready === wanted) this.done++;
  };
}

/** A run whose last submit also copies the picture's numbers, to be read. */
export const readingNumbers = (painter: Pick<Painter, "output">, { last, ...how }: RunHow): RunHow => ({
  ...how,
  last(encoder) {
    last?.(encoder);
    painter.output.queue(encoder, "image");
  },
});

/** Computes derived weights as soon as the originals are there, and frees the originals that they replace. */
export function prepare(derived: DerivedWeights): Promise<void> {
  const prepared = derived.compute().then(() => derived.releaseOriginals());
  // Whoever opens the net awaits it, perhaps after an error of something else.
  prepared.catch(() => undefined);
  return prepared;
}
