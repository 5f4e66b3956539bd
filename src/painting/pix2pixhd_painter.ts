// The painter of pix2pixHD's generator. Two stages: what depends on the weights alone, and the picture. A new map recomputes the whole
// picture: the first conv looks labels up per pixel, and all later layers depend on its output.

import type { LevelWindows } from "../labels/windows.ts";
import type { Config } from "../models/config.ts";
import { outputSize } from "../models/kinds.ts";
import { layerWeights, pix2pixhdConvs, recordPix2PixHD } from "../models/nets/pix2pixhd.ts";
import { convName, type PlainConv } from "../models/nets/plain_conv.ts";
import { DerivedWeights, type ConvWeights } from "../models/weights/derived.ts";
import type { ParameterStore } from "../models/weights/parameters.ts";
import { Graph, SpadeError, type Device, type Target } from "../runtime/index.ts";
import { CompileProgress, prepare, type Painter, type PainterMemory, type PainterOptions } from "./painter.ts";
import { Output, recordOutput } from "./present/output.ts";
import { runStale, Stage, type Recording, type RunHow } from "./stage.ts";

/** The weights' sigmas (spectral norm) and copies. */
function derivedOf(target: Target, config: Config, parameters: ParameterStore): DerivedWeights {
  const convs = pix2pixhdConvs(config);
  const uses = convs.flatMap(({ layer, input }) =>
    input
      ? [
          {
            name: layer.name,
            key: `${convName(layer)}.weight${layer.norm.spectral ? "_orig" : ""}`,
            k: layer.k,
            ...input,
          },
        ]
      : [],
  );
  return new DerivedWeights("prepare", target, parameters, uses, (g) => {
    for (const { layer } of convs) {
      const { sigma } = layerWeights(g, parameters, layer, false);
      if (sigma) g.keep(`${layer.name}.sigma`, sigma);
    }
  });
}

/** Records the picture. Input "codes": i32 [N,H,W], label*2 + edge. */
function recordPicture(
  target: Target,
  config: Config,
  parameters: ParameterStore,
  derived: DerivedWeights,
  images: number,
): Recording {
  const { h, w } = outputSize(config);
  const graph = new Graph(target);
  const codes = graph.input("codes", [images, h, w], "i32");
  const weightsOf = (layer: PlainConv): ConvWeights => ({
    ...storedWeights(graph, parameters, layer),
    ...derived.copies(graph, layer.name),
  });
  recordOutput(graph, recordPix2PixHD(graph, config, parameters, codes, false, weightsOf));
  return { name: "image", reads: ["weights", "map"], graph };
}

export class Pix2pixhdPainter implements Painter {
  private mapped = false;

  private constructor(
    readonly device: Device,
    readonly config: Config,
    readonly parameters: ParameterStore,
    private readonly derived: DerivedWeights,
    private readonly image: Stage,
    readonly prepared: Promise<void>,
  ) {}

  /** Without `filled` it is prepared when it resolves. */
  static async create(
    device: Device,
    config: Config,
    parameters: ParameterStore,
    { images = 1, filled, onProgress }: PainterOptions = {},
  ): Promise<Pix2pixhdPainter> {
    const { target } = device;
    const progress = new CompileProgress(2, onProgress);
    const derived = derivedOf(target, config, parameters);
    try {
      await derived.compile(progress.pipelines);
      const recording = recordPicture(target, config, parameters, derived, images);
      const image = await Stage.compile(recording, device, progress.pipelines);
      const prepared = prepare(derived, filled);
      if (!filled) await prepared;
      return new Pix2pixhdPainter(device, config, parameters, derived, image, prepared);
    } catch (error) {
      derived.dispose();
      throw error;
    }
  }

  /** @param parameters not allocated (ParameterStore.onPaper), or with all originals */
  static record(
    target: Target,
    config: Config,
    parameters: ParameterStore,
    _windows?: readonly LevelWindows[],
    { images = 1 }: PainterOptions = {},
  ): Recording[] {
    const derived = derivedOf(target, config, parameters);
    derived.releaseOriginals();
    return [
      { name: "prepare", reads: ["weights"], graph: derived.graph },
      recordPicture(target, config, parameters, derived, images),
    ];
  }

  get size(): { h: number; w: number } {
    return outputSize(this.config);
  }

  /** Everything was compiled at the start. */
  async warm(): Promise<void> {}

  /** Reads only the codes at full size. */
  async setMap([{ codes }]: readonly LevelWindows[]): Promise<{ newWindows: number }> {
    this.device.check("setMap");
    this.image.set({ codes });
    this.image.change("map");
    this.mapped = true;
    return { newWindows: 0 };
  }

  /** Ignores z, like the published generator. */
  setStyle(): void {}

  /** There are no tables. */
  async runTables(): Promise<void> {}

  async queueTables(): Promise<void> {}

  async run(how: RunHow = {}): Promise<void> {
    if (!this.mapped) throw new SpadeError("usage", "paint", "there is no label map yet", "call setMap first");
    await runStale([this.image], how);
  }

  get output(): Output {
    return new Output(this.image.program, this.size.w);
  }

  async paint(_z?: Float32Array, how: RunHow = {}): Promise<Float32Array<ArrayBuffer>> {
    await this.run(how);
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

/** A layer's parameters as stored, not the derived copies. */
function storedWeights(g: Graph, p: ParameterStore, layer: PlainConv): ConvWeights {
  const name = convName(layer);
  return {
    w: p.tensor(g, `${name}.weight${layer.norm.spectral ? "_orig" : ""}`),
    bias: p.has(`${name}.bias`) ? p.tensor(g, `${name}.bias`) : undefined,
  };
}
