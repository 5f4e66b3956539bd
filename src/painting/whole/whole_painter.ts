// Painters of generators without tables. Two stages: what depends on the weights alone, and the picture. A new map recomputes the whole
// picture.

import type { LevelWindows } from "../../labels/windows.ts";
import type { Config } from "../../models/config.ts";
import { outputSize } from "../../models/kinds.ts";
import type { DerivedWeights } from "../../models/weights/derived.ts";
import type { ParameterStore } from "../../models/weights/parameters.ts";
import { Graph, SpadeError, type Device, type HostArray, type Target, type Tensor } from "../../runtime/index.ts";
import {
  CompileProgress,
  prepare,
  readingNumbers,
  type Painter,
  type PainterKind,
  type PainterMemory,
  type PainterOptions,
} from "../painter.ts";
import { Output, recordOutput } from "../present/output.ts";
import { runStale, Stage, type Recording, type RunHow } from "../stage.ts";

/** How a generator without tables is painted. */
export interface WholeKind {
  /** The sigmas of the weights (spectral norm), 1/std, and copies. */
  derivedOf(target: Target, c: Config, p: ParameterStore): DerivedWeights;
  /** Records the picture, [N,H,W,3]. */
  recordPicture(g: Graph, c: Config, p: ParameterStore, derived: DerivedWeights, images: number): Tensor;
  /** Values of its inputs that the map sets. */
  mapValues(c: Config, windows: readonly LevelWindows[]): Record<string, HostArray>;
  /** Whether its picture has the input "z", [N, z_dim]. */
  hasStyle(c: Config): boolean;
}

class WholePainter implements Painter {
  readonly tiles = null;
  private mapped = false;

  constructor(
    readonly device: Device,
    readonly config: Config,
    readonly parameters: ParameterStore,
    private readonly kind: WholeKind,
    private readonly derived: DerivedWeights,
    private readonly image: Stage,
    readonly prepared: Promise<void>,
  ) {}

  get size(): { h: number; w: number } {
    return outputSize(this.config);
  }

  /** Everything was compiled at the start. */
  async warm(): Promise<void> {}

  async setMap(windows: readonly LevelWindows[]): Promise<{ newWindows: number }> {
    this.device.check("setMap");
    this.image.set(this.kind.mapValues(this.config, windows));
    this.image.change("map");
    this.mapped = true;
    return { newWindows: 0 };
  }

  /** Nets without styles ignore z, like the published generator. */
  setStyle(z: Float32Array): void {
    if (!this.kind.hasStyle(this.config)) return;
    this.image.set({ z });
    this.image.change("style");
  }

  /** There are no tables. */
  async runTables(): Promise<void> {}

  async run(how: RunHow = {}): Promise<void> {
    if (!this.mapped) throw new SpadeError("usage", "paint", "there is no label map yet", "call setMap first");
    await runStale([this.image], how);
  }

  get output(): Output {
    return new Output(this.image.program, this.size.w);
  }

  async paint(z?: Float32Array, how: RunHow = {}): Promise<Float32Array<ArrayBuffer>> {
    if (z) this.setStyle(z);
    await this.run(readingNumbers(this, how));
    return this.output.numbers();
  }

  get stages(): Stage[] {
    return [this.image];
  }

  get memory(): PainterMemory {
    return {
      parameters: this.parameters.bytes,
      derived: this.derived.bytes,
      tables: 0,
      activations: this.image.program.memory.peak,
    };
  }

  dispose(): void {
    this.image.dispose();
    this.derived.dispose();
    this.parameters.dispose();
  }
}

/** The entry of the table of painters. */
export function wholePainter(kind: WholeKind): PainterKind {
  const picture = (
    target: Target,
    c: Config,
    p: ParameterStore,
    derived: DerivedWeights,
    images: number,
  ): Recording => {
    const graph = new Graph(target);
    recordOutput(graph, kind.recordPicture(graph, c, p, derived, images));
    return { name: "image", reads: ["weights", "map", "style"], graph };
  };
  return {
    /** Without `weights` it is prepared when it resolves. */
    async create(device, c, parameters, { images = 1, weights, onProgress } = {}) {
      const { target } = device;
      const progress = new CompileProgress(2, onProgress);
      const derived = kind.derivedOf(target, c, parameters);
      if (weights) derived.uploadFrom(weights.source, weights.onProgress);
      try {
        await derived.compile(progress.pipelines);
        const recording = picture(target, c, parameters, derived, images);
        const image = await Stage.compile(recording, device, progress.pipelines);
        const prepared = prepare(derived);
        if (!weights) await prepared;
        return new WholePainter(device, c, parameters, kind, derived, image, prepared);
      } catch (error) {
        derived.dispose();
        throw error;
      }
    },

    /** @param parameters not allocated (ParameterStore.onPaper), or with all originals */
    record(target, c, parameters, _windows, { images = 1 }: PainterOptions = {}) {
      const derived = kind.derivedOf(target, c, parameters);
      derived.releaseOriginals();
      return [
        { name: "prepare", reads: ["weights"], graph: derived.graph },
        picture(target, c, parameters, derived, images),
      ];
    },
  };
}
