// What the perceptual loss asks of a net: its parameters, its feature maps, and how much each counts. The nets are frozen.

import type { ConvArgs } from "../../../kernels/conv_args.ts";
import { Graph, type Target, type Tensor } from "../../runtime/index.ts";
import type { Net } from "../weights/packing.ts";
import { DerivedWeights, type ConvUse } from "../weights/derived.ts";
import { ParameterStore } from "../weights/parameters.ts";

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

/** Which conv of a net runs at which size, for pictures of one size: recorded on paper, the net itself tells. */
function convUses({ name, net, record }: Perceptual, target: Target, { h, w }: { h: number; w: number }): ConvUse[] {
  const uses = new Map<string, ConvUse>();
  const g = new Graph(target);
  const weights = ParameterStore.onPaper(net, "f32");
  const note: Convs = (layer, size) => {
    const key = `${layer}.weight`;
    uses.set(layer, { name: layer, key, ...size });
    return { w: weights.tensor(g, key) };
  };
  g.scope(name, () => record(g, note, g.input("picture", [1, h, w, 3])));
  return [...uses.values()];
}

/** A frozen net for pictures of one size: its weights, and their copies. */
export class Frozen {
  private readonly derived: DerivedWeights;

  /** On paper until `derived` is computed. @param size of the pictures */
  constructor(
    readonly net: Perceptual,
    private readonly parameters: ParameterStore,
    target: Target,
    size: { h: number; w: number },
  ) {
    this.derived = new DerivedWeights(net.name, target, parameters, convUses(net, target, size));
  }

  /** The net with its copies on the parameters' device. */
  static async prepare(
    { net, parameters }: { net: Perceptual; parameters: ParameterStore },
    size: { h: number; w: number },
  ): Promise<Frozen> {
    const frozen = new Frozen(net, parameters, parameters.device.target, size);
    await frozen.derived.compute();
    return frozen;
  }

  /** The net as a part of a graph; fake and real pictures may pass separately. */
  convs(g: Graph): Convs {
    const known = new Map<string, ReturnType<Convs>>();
    return (name) => {
      let found = known.get(name);
      if (!found) {
        const [w, bias] = ["weight", "bias"].map((part) => this.parameters.tensor(g, `${name}.${part}`));
        known.set(name, (found = { w, bias, ...this.derived.copies(g, name) }));
      }
      return found;
    };
  }

  /** Frees the copies; the parameters stay. */
  dispose(): void {
    this.derived.dispose();
  }
}

/** The published weights, the deepest map counts most. */
export const TAP_WEIGHTS = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1];
