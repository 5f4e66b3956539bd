// Computes the style of pictures of one size with the encoder, recorded once, with the stored statistics and spectral norms.

import { Graph, Program, SpadeError, type Device } from "../runtime/index.ts";
import { recordEncoder, type EncoderConfig } from "../models/nets/encoder.ts";
import type { ParameterStore } from "../models/weights/parameters.ts";

/** Each picture's normal distribution of z: mean and log variance, [N, z_dim] each. */
export interface Encoded {
  mu: Float32Array;
  logvar: Float32Array;
}

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
