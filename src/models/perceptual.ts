// What the perceptual loss asks of a net: its parameters, its feature maps, and how much each counts. The nets are frozen.

import { deriveWeights, type ConvArgs } from "../../kernels/conv2d.ts";
import type { Graph, Tensor } from "../runtime/index.ts";
import type { Net } from "./packing.ts";
import type { Parameters } from "./parameters.ts";

/** The weights of a conv, ready for conv2d, for maps of that size. */
export type Convs = (
  name: string,
  size: { k: number; h: number; w: number },
) => Pick<ConvArgs, "w" | "bias" | "winograd" | "blocked">;

export interface Perceptual {
  readonly name: string;
  readonly net: Net;
  /** Weight of the mean distance of every feature map. */
  readonly weights: readonly number[];
  /** Feature maps of a picture [N,H,W,3] in [-1,1], in the weights' order. */
  record(g: Graph, convs: Convs, x: Tensor): Tensor[];
}

/** Weights out of `p`; the derived copies are made once a graph, though fake and real pictures pass separately. */
export function frozenConvs(g: Graph, p: Parameters): Convs {
  const known = new Map<string, ReturnType<Convs>>();
  return (name, size) => {
    let found = known.get(name);
    if (!found) {
      const w = p.tensor(g, `${name}.weight`);
      found = { w, bias: p.tensor(g, `${name}.bias`), ...g.scope(name, () => deriveWeights(g, w, size)) };
      known.set(name, found);
    }
    return found;
  };
}

/** The published weights, the deepest map counts most. */
export const TAP_WEIGHTS = [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1];
