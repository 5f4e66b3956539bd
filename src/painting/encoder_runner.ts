// Computes the style of pictures of one size with the encoder, recorded once, with the stored statistics and spectral norms.

import { Graph, Program, SpadeError, type Device } from "../runtime/index.ts";
import type { Checkpoint } from "../formats/checkpoint.ts";
import { encoderNet, recordEncoder, type EncoderConfig } from "../models/nets/encoder.ts";
import { guessEncoder } from "../models/weights/guess_encoder.ts";
import { ParameterStore } from "../models/weights/parameters.ts";
import { checkpointSource } from "../models/weights/source.ts";
import { NORMALISED } from "../pictures/rgb_byte.ts";

/** Each picture's normal distribution of z: mean and log variance, [N, z_dim] each. */
export interface Encoded {
  mu: Float32Array;
  logvar: Float32Array;
}

/** Converts RGB bytes to the input of the nets, in [-1,1]. */
export const normalized = (rgb: Uint8Array): Float32Array => Float32Array.from(rgb, (v) => NORMALISED[v]);

export class EncoderRunner {
  private constructor(
    private readonly parameters: ParameterStore,
    private readonly program: Program,
    /** Number of values in the input. */
    private readonly length: number,
  ) {}

  /**
   * Compiles the encoder. It owns the parameters from now on: dispose() frees them.
   * @param size of the pictures; any size: they are resized bilinearly to 256x256, aspect ratio not kept
   */
  static async create(
    device: Device,
    config: EncoderConfig,
    parameters: ParameterStore,
    size: { h: number; w: number; images?: number },
  ): Promise<EncoderRunner> {
    const g = new Graph(device.target);
    const shape = [size.images ?? 1, size.h, size.w, 3];
    const { mu, logvar } = recordEncoder(g, config, parameters, g.input("picture", shape), false);
    g.output("mu", mu);
    g.output("logvar", logvar);
    const program = await Program.compile(g, device, { name: "encoder" });
    return new EncoderRunner(
      parameters,
      program,
      shape.reduce((a, b) => a * b),
    );
  }

  /**
   * Loads and compiles the encoder in a checkpoint.
   * @param o `path`: the checkpoint's name in messages; `z_dim` of the generator that takes the styles; `h`, `w`: size of the pictures
   * @throws SpadeError unsupported, shape: no encoder, or that of another generator
   */
  static async open(
    checkpoint: Checkpoint,
    device: Device,
    o: { path: string; z_dim: number; h: number; w: number },
  ): Promise<EncoderRunner> {
    const source = checkpointSource(checkpoint);
    const config = guessEncoder(source.shapes);
    if (config.z_dim !== o.z_dim)
      throw new SpadeError(
        "shape",
        o.path,
        `gives ${config.z_dim} numbers where the generator's z_dim is ${o.z_dim}`,
        "give the encoder that was trained with this generator",
      );
    const parameters = await ParameterStore.loadNet(device, encoderNet(config), source, "f32");
    try {
      return await EncoderRunner.create(device, config, parameters, o);
    } catch (error) {
      parameters.dispose();
      throw error;
    }
  }

  /** @param picture [N,H,W,3] in [-1,1] */
  async encode(picture: Float32Array): Promise<Encoded> {
    if (picture.length !== this.length)
      throw new SpadeError(
        "shape",
        "encode",
        `${picture.length} values where ${this.length} are wanted`,
        "give pictures of the runner's size",
      );
    await this.program.run({ inputs: { picture } });
    return { mu: await this.program.read("mu"), logvar: await this.program.read("logvar") };
  }

  dispose(): void {
    this.program.dispose();
    this.parameters.dispose();
  }
}
