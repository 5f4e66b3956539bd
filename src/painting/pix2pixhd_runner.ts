// pix2pixHD's generator ready to paint. Nothing of it is kept between maps: the first conv looks labels up pixel by pixel, and everything
// behind it depends on its window.

import type { LevelWindows } from "../labels/windows.ts";
import { Graph, Program, SpadeError, type Device, type Profile, type RunOptions } from "../runtime/index.ts";
import { type Config } from "../models/config.ts";
import { outputSize } from "../models/kinds.ts";
import type { Parameters } from "../models/weights/parameters.ts";
import { layerWeights, recordPix2PixHD, type WeightsOf } from "../models/nets/pix2pixhd.ts";
import { convName, type ConvWeights, type PlainConv } from "../models/nets/plain_conv.ts";
import { CompileProgress, type Painter, type RunnerMemory, type RunnerOptions } from "./painter.ts";

/** What is made of weights once, of those that a conv may ask for. */
const DERIVED = ["sigma", "winograd", "blocked"] as const;

export class Pix2PixHDRunner implements Painter {
  private mapped = false;

  private constructor(
    readonly device: Device,
    readonly config: Config,
    readonly parameters: Parameters,
    private readonly prepared: Program,
    private readonly image: Program,
  ) {}

  /** Computes what depends on the weights alone. Convs that get a copy of their weights give up their original. */
  static async create(
    device: Device,
    config: Config,
    parameters: Parameters,
    { images = 1, onProgress }: RunnerOptions = {},
  ): Promise<Pix2PixHDRunner> {
    const { h, w } = outputSize(config);
    const progress = new CompileProgress(2, onProgress);
    const record = (g: Graph, weightsOf: WeightsOf): Graph => {
      const codes = g.input("codes", [images, h, w], "i32");
      g.output("image", recordPix2PixHD(g, config, parameters, codes, false, weightsOf));
      return g;
    };
    const prepare = new Graph(device.target);
    const replaced: string[] = [];
    // On paper: which copies the layers ask for.
    record(new Graph(device.target), (layer, input) => {
      const weights = layerWeights(prepare, parameters, layer, false, input);
      for (const name of DERIVED) {
        const t = weights[name];
        if (t) prepare.keep(`${layer.name}.${name}`, t);
      }
      if (weights.winograd || weights.blocked)
        replaced.push(`${convName(layer)}.weight${weights.sigma ? "_orig" : ""}`);
      return weights;
    });
    const prepared = await Program.compile(prepare, device, { name: "prepare", onProgress: progress.pipelines });
    let image: Program;
    try {
      await prepared.run();
      await device.gpu.queue.onSubmittedWorkDone();
      parameters.release(replaced);
      const g = new Graph(device.target);
      record(g, (layer) => {
        const weights = storedWeights(g, parameters, layer);
        for (const name of DERIVED) {
          const t = prepare.kept.get(`${layer.name}.${name}`);
          if (t) weights[name] = g.import(t);
        }
        return weights;
      });
      image = await Program.compile(g, device, { name: "image", onProgress: progress.pipelines });
    } catch (error) {
      prepared.dispose();
      throw error;
    }
    return new Pix2PixHDRunner(device, config, parameters, prepared, image);
  }

  get size(): { h: number; w: number } {
    return outputSize(this.config);
  }

  /** Everything was compiled at the start. */
  async warm(): Promise<void> {}

  /** Takes a map's codes at full size (windowsOf). The array is read before the promise resolves and not kept. */
  async setMap([{ codes }]: readonly LevelWindows[]): Promise<void> {
    this.device.check("setMap");
    this.image.setInput("codes", codes);
    this.mapped = true;
  }

  /** There are no tables. */
  async runTables(): Promise<void> {}

  /** The map at hand, [N,H,W,3] in [-1,1]. z is not read, as published. */
  async paint(_z?: Float32Array, how: Pick<RunOptions, "slice" | "signal"> = {}): Promise<Float32Array> {
    if (!this.mapped) throw new SpadeError("usage", "paint", "there is no label map yet", "call setMap first");
    await this.image.run(how);
    return this.image.read("image");
  }

  async profile(): Promise<Profile[]> {
    return [await this.image.profile()];
  }

  get memory(): RunnerMemory {
    const [derived, activations] = [this.prepared.memory.peak, this.image.memory.peak];
    return { parameters: this.parameters.bytes, derived, tables: 0, activations };
  }

  dispose(): void {
    this.image.dispose();
    this.prepared.dispose();
    this.parameters.dispose();
  }
}

/** A layer's parameters as they are. */
function storedWeights(g: Graph, p: Parameters, layer: PlainConv): ConvWeights {
  const name = convName(layer);
  return {
    w: p.tensor(g, `${name}.weight${layer.norm.spectral ? "_orig" : ""}`),
    bias: p.has(`${name}.bias`) ? p.tensor(g, `${name}.bias`) : undefined,
  };
}
