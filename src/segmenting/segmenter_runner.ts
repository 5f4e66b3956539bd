// Labels photos with the segmenter, recorded once.

import type { TensorSource } from "../formats/tensors.ts";
import { recordSegmenter, segmenterNet, type SegmenterConfig } from "../models/nets/segmenter.ts";
import { DerivedWeights, type ConvUse } from "../models/weights/derived.ts";
import { withoutInt8 } from "../models/weights/int8.ts";
import { ParameterStore } from "../models/weights/parameters.ts";
import { checkpointSource } from "../models/weights/source.ts";
import type { RgbImage } from "../pictures/pil_bicubic.ts";
import { pilBilinearResize } from "../pictures/pil_bilinear.ts";
import {
  Graph,
  Program,
  profileProgram,
  SpadeError,
  type Device,
  type Profile,
  type Target,
} from "../runtime/index.ts";
import { Decider, type Decided } from "./decide.ts";
import { segmenterConfig } from "./segmenter_config.ts";

/** A photo's classes, row by row. */
export interface Segmented extends Decided {
  readonly width: number;
  readonly height: number;
}

/** The convs of the net with the sizes at which they run: records it on paper to find them. */
function convUses(c: SegmenterConfig, target: Target): ConvUse[] {
  const uses: ConvUse[] = [];
  const g = new Graph(target);
  const p = ParameterStore.onPaper(segmenterNet(c), "f32");
  recordSegmenter(
    g,
    {
      conv(name, size) {
        uses.push({ name, key: `${name}.weight`, ...size });
        return { w: p.tensor(g, `${name}.weight`) };
      },
      depthwise: (name) => ({ w: p.tensor(g, `${name}.weight`), bias: p.tensor(g, `${name}.bias`) }),
    },
    g.input("picture", [1, c.size, c.size, 3]),
  );
  return uses;
}

/**
 * A photo's pixels as the net takes them, [size,size,3] in [-1,1]: resized bilinearly, aspect ratio not kept. Rounded to bytes as PIL does: a
 * level more or less in some pixels moves the classes of 1 to 4 % of the cells.
 */
export function segmenterInput(photo: RgbImage, size: number): Float32Array {
  const { data } = pilBilinearResize(photo, size, size);
  const values = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) values[i] = data[i] / 127.5 - 1;
  return values;
}

export class SegmenterRunner {
  private constructor(
    readonly config: SegmenterConfig,
    /** Names of the classes. */
    readonly names: readonly string[],
    private readonly parameters: ParameterStore,
    private readonly derived: DerivedWeights,
    private readonly program: Program,
    private readonly decider: Decider,
  ) {}

  /**
   * Loads and compiles the segmenter in a file. The caller closes the file.
   * @param file its name in messages
   * @throws SpadeError unsupported: no segmenter; file, integrity: a damaged one; shape: tensors that do not fit
   */
  static async open(source: TensorSource, device: Device, file: string): Promise<SegmenterRunner> {
    const { names, ...config } = segmenterConfig(source.metadata, file);
    const values = checkpointSource(withoutInt8(source, file));
    const parameters = ParameterStore.empty(device, segmenterNet(config), values.shapes, "f32");
    let derived: DerivedWeights | undefined;
    try {
      derived = new DerivedWeights("segmenter", device.target, parameters, convUses(config, device.target));
      derived.uploadFrom(values);
      await derived.compute();
      const { program, decider } = await SegmenterRunner.compile(device, config, parameters, derived);
      return new SegmenterRunner(config, names, parameters, derived, program, decider);
    } catch (error) {
      derived?.dispose();
      parameters.dispose();
      throw error;
    }
  }

  private static async compile(
    device: Device,
    { size }: SegmenterConfig,
    p: ParameterStore,
    derived: DerivedWeights,
  ): Promise<{ program: Program; decider: Decider }> {
    const g = new Graph(device.target);
    const weight = (name: string) => p.tensor(g, `${name}.weight`);
    const bias = (name: string) => p.tensor(g, `${name}.bias`);
    const logits = recordSegmenter(
      g,
      {
        conv: (name) => ({
          w: weight(name),
          bias: p.has(`${name}.bias`) ? bias(name) : undefined,
          ...derived.copies(g, name),
        }),
        depthwise: (name) => ({ w: weight(name), bias: bias(name) }),
      },
      g.input("picture", [1, size, size, 3]),
    );
    g.output("logits", g.keep("logits", logits));
    const program = await Program.compile(g, device, { name: "segmenter" });
    return { program, decider: new Decider(device, logits, size) };
  }

  /**
   * @param picture [size,size,3] in [-1,1], from segmenterInput
   * @returns [cells,cells,classes]
   * @throws SpadeError shape: another number of values
   */
  async logits(picture: Float32Array): Promise<Float32Array> {
    await this.run(picture);
    return this.program.read("logits");
  }

  private async run(picture: Float32Array): Promise<void> {
    const wanted = this.config.size ** 2 * 3;
    if (picture.length !== wanted)
      throw new SpadeError(
        "shape",
        "segmenter",
        `${picture.length} values where ${wanted} are wanted`,
        "give a picture of the net's size, [size,size,3]",
      );
    await this.program.run({ inputs: { picture } });
  }

  /** Times of the net's dispatches. @param picture as in `logits` */
  profile(picture: Float32Array): Promise<Profile> {
    return profileProgram(this.program, { inputs: { picture } });
  }

  /**
   * One at a time.
   * @param photo RGB bytes, of any size
   * @param to the map's size
   */
  async segment(photo: RgbImage, to: { width: number; height: number }): Promise<Segmented> {
    await this.run(segmenterInput(photo, this.config.size));
    return { ...(await this.decider.decide(to)), width: to.width, height: to.height };
  }

  dispose(): void {
    this.decider.dispose();
    this.program.dispose();
    this.derived.dispose();
    this.parameters.dispose();
  }
}
