// The interface of a net for the perceptual loss: its parameters, its feature maps and their weights. The nets are
// frozen.

import type { ConvArgs } from "../../../kernels/conv/conv_args.ts";
import { Graph, type Target, type Tensor } from "../../runtime/index.ts";
import type { Net } from "../weights/packing.ts";
import { DerivedWeights, type ConvUse } from "../weights/derived.ts";
import { ParameterStore } from "../weights/parameters.ts";

interface ConvSize {
  k: number;
  h: number;
  w: number;
}

/** Returns the weights of a conv, ready for conv2d, for maps of the given size. */
export type Convs = (name: string, size: ConvSize) => Pick<ConvArgs, "w" | "bias" | "winograd" | "blocked">;

export interface Perceptual {
  readonly name: string;
  readonly net: Net;
  /** Weight of the mean distance for each feature map. */
  readonly weights: readonly number[];
  /** Whether LossConfig.squeezenet_scale multiplies them. */
  readonly scaled: boolean;
  /** Records the feature maps of a picture [N,H,W,3] in [-1,1], in the order of `weights`. */
  record(g: Graph, convs: Convs, x: Tensor): Tensor[];
}

/**
 * Lists the convs of a net with the sizes at which they run, for pictures of size h x w. Records the net on paper to
 * find them.
 */
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

/** A frozen net for pictures of one size: its weights and their copies. */
export class Frozen {
  private readonly derived: DerivedWeights;

  /** Without values until `derived` is computed. @param size of the pictures */
  constructor(
    readonly net: Perceptual,
    private readonly parameters: ParameterStore,
    target: Target,
    size: { h: number; w: number },
  ) {
    this.derived = new DerivedWeights(net.name, target, parameters, convUses(net, target, size));
  }

  /** Creates the net and computes its copies on the parameters' device. */
  static async prepare(
    { net, parameters }: { net: Perceptual; parameters: ParameterStore },
    size: { h: number; w: number },
  ): Promise<Frozen> {
    const frozen = new Frozen(net, parameters, parameters.device.target, size);
    await frozen.derived.compute();
    return frozen;
  }

  /** Binds the weights to a graph. The result can be used several times in it, e.g. for fake and for real pictures. */
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

/** Upstream's weights of the feature maps; the deepest map has the largest. */
export const TAP_WEIGHTS = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1];
