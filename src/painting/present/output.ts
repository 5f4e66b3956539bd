// What a painter's last stage gives: the picture as numbers, and as bytes for whoever shows it.

import { rgbaBytes } from "../../../kernels/shape/rgba_bytes.ts";
import type { Graph, Program, Storage, Tensor } from "../../runtime/index.ts";
import { notANumber } from "./picture.ts";

/** Records the outputs of a picture. @param image [N,H,W,3] in [-1,1] */
export function recordOutput(g: Graph, image: Tensor): void {
  g.output("image", image);
  const { rgba, flags } = rgbaBytes(g, { x: image });
  g.output("rgba", rgba);
  g.output("flags", flags);
}

/** Of the program with these outputs. */
export class Output {
  constructor(
    private readonly program: Program,
    private readonly width: number,
  ) {}

  /** Adds the copy that a read needs to the submit that computes the picture: numbers() reads "image", bytes() "rgba", finished() "flags". */
  queue(encoder: GPUCommandEncoder, what: "image" | "rgba" | "flags"): void {
    this.program.queueRead(encoder, what);
  }

  /** [N,H,W,3] in [-1,1] */
  numbers(): Promise<Float32Array<ArrayBuffer>> {
    return this.program.read("image");
  }

  /** [N,H,W] pixels as RGBA. @throws SpadeError integrity: one is NaN */
  async bytes(): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const pixels = await this.program.read("rgba", "i32");
    const nan = pixels.indexOf(0);
    if (nan >= 0) throw notANumber(nan, this.width);
    return new Uint8ClampedArray(pixels.buffer);
  }

  /** Where the bytes lie on the device: one u32 a pixel, red lowest. */
  get rgba(): Storage {
    return this.program.storageOf("rgba");
  }

  /** Waits until the picture is computed. @throws SpadeError integrity: a pixel is NaN; device-lost */
  async finished(): Promise<void> {
    for (const flag of await this.program.read("flags", "i32")) if (flag) throw notANumber(flag - 1, this.width);
  }
}
