// From logits to classes: the largest for each pixel of a map, and how sure the net is of it.

import { argmax } from "../../kernels/index.ts";
import { Graph, Program, type Device, type Tensor } from "../runtime/index.ts";

/** A class and its probability for each pixel, row by row. */
export interface Decided {
  readonly classes: Uint16Array;
  /** The softmax of the largest logit, from 1 / number of classes to 1. */
  readonly confidence: Float32Array;
}

/** Most pixels of a part, so that a map of any size needs little memory on the device. */
const PART = 1 << 20;

/**
 * Classes of maps of any size. The published net enlarges its logits bilinearly to its input (torch's align_corners) and decides there; a
 * pixel of the map is the nearest one of those.
 */
export class Decider {
  private program: Program | undefined;
  /** Pixels that the program finds in a run. */
  private part = 0;

  constructor(
    private readonly device: Device,
    /** [1,cells,cells,classes], kept by the net's program, which is compiled. */
    private readonly logits: Tensor,
    /** Width and height of the net's input. */
    private readonly size: number,
  ) {}

  /** Of the logits that the net computed last. One at a time. */
  async decide({ width, height }: { width: number; height: number }): Promise<Decided> {
    const pixels = width * height;
    const classes = new Uint16Array(pixels);
    const confidence = new Float32Array(pixels);
    const program = await this.compiled(Math.min(pixels, PART));
    for (let from = 0; from < pixels; from += this.part) {
      const count = Math.min(this.part, pixels - from);
      await program.run({ inputs: { map: Int32Array.of(width, height, from, from + count) } });
      const [found, sure] = await Promise.all([program.read("classes", "i32"), program.read("confidence")]);
      classes.set(found.subarray(0, count), from);
      confidence.set(sure.subarray(0, count), from);
    }
    return { classes, confidence };
  }

  private async compiled(part: number): Promise<Program> {
    if (this.program && this.part === part) return this.program;
    const g = new Graph(this.device.target);
    const { size } = this;
    const map = g.input("map", [4], "i32");
    const found = argmax(g, { x: g.import(this.logits), h: size, w: size, map, pixels: part });
    g.output("classes", found.classes);
    g.output("confidence", found.confidence);
    const program = await Program.compile(g, this.device, { name: "classes" });
    this.program?.dispose();
    this.part = part;
    return (this.program = program);
  }

  dispose(): void {
    this.program?.dispose();
  }
}
