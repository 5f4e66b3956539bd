// What the perceptual loss asks of a net: its parameters, its feature maps, and how much each counts. The nets are frozen.

import { deriveWeights } from "../../../kernels/conv2d.ts";
import type { ConvArgs } from "../../../kernels/conv_args.ts";
import { Graph, Program, type Tensor } from "../../runtime/index.ts";
import type { Net } from "../weights/packing.ts";
import type { Parameters } from "../weights/parameters.ts";

interface ConvSize {
  k: number;
  h: number;
  w: number;
}

/** The weights of a conv, ready for conv2d, for maps of that size. */
export type Convs = (name: string, size: ConvSize) => Pick<ConvArgs, "w" | "bias" | "winograd" | "blocked">;

export interface Perceptual {
  readonly name: string;
  readonly net: Net;
  /** Weight of the mean distance of every feature map. */
  readonly weights: readonly number[];
  /** Feature maps of a picture [N,H,W,3] in [-1,1], in the weights' order. */
  record(g: Graph, convs: Convs, x: Tensor): Tensor[];
}

/** A frozen net for pictures of one size: its weights, and their derived copies, which are made once. */
export class Frozen {
  private constructor(
    readonly net: Perceptual,
    private readonly parameters: Parameters,
    private readonly copies: ReadonlyMap<string, Pick<ConvArgs, "winograd" | "blocked">>,
    private readonly prepared: Program,
  ) {}

  /** @param size of the pictures */
  static async prepare(
    { net, parameters }: { net: Perceptual; parameters: Parameters },
    { h, w }: { h: number; w: number },
  ): Promise<Frozen> {
    const { device } = parameters;
    // Which conv sees which size, the net itself says.
    const sizes = new Map<string, ConvSize>();
    const dry = new Graph(device.target);
    const notes: Convs = (name, size) => {
      sizes.set(name, size);
      return { w: parameters.tensor(dry, `${name}.weight`) };
    };
    net.record(dry, notes, dry.input("picture", [1, h, w, 3]));
    const g = new Graph(device.target);
    const copies = new Map(
      [...sizes].map(([name, size]) => [
        name,
        g.scope(name, () => deriveWeights(g, parameters.tensor(g, `${name}.weight`), size)),
      ]),
    );
    for (const [name, made] of copies) for (const [kind, t] of Object.entries(made)) g.keep(`${name}.${kind}`, t);
    const prepared = await Program.compile(g, device, { name: net.name });
    await prepared.run();
    return new Frozen(net, parameters, copies, prepared);
  }

  /** The net as a part of a graph; fake and real pictures may pass separately. */
  convs(g: Graph): Convs {
    const known = new Map<string, ReturnType<Convs>>();
    return (name) => {
      let found = known.get(name);
      if (!found) {
        const made = Object.entries(this.copies.get(name)!).map(([kind, t]) => [kind, g.import(t)]);
        const [w, bias] = ["weight", "bias"].map((part) => this.parameters.tensor(g, `${name}.${part}`));
        known.set(name, (found = { w, bias, ...Object.fromEntries(made) }));
      }
      return found!;
    };
  }

  /** Frees the copies; the parameters stay. */
  dispose(): void {
    this.prepared.dispose();
  }
}

/** The published weights, the deepest map counts most. */
export const TAP_WEIGHTS = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1];
