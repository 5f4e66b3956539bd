// An exponential moving average of the generator, which often paints better than the generator itself (Karras et al. 2018).

import { ema } from "../../../kernels/index.ts";
import { isTrained } from "../../models/weights/packing.ts";
import type { ParameterStore } from "../../models/weights/parameters.ts";
import type { Graph, Tensor } from "../../runtime/index.ts";

export interface Average {
  /** f32, under the net's keys; at first a copy of the net (ParameterStore.clone). */
  parameters: ParameterStore;
  /** Weight of the old average in [0, 1), at steps that are not given another. */
  decay: number;
}

/**
 * Updates the average of trained parameters and copies the buffers (running statistics, u, v), unless `overflow` is not 0.
 * Input: "decay", from emaFactors.
 */
export function recordAverage(g: Graph, net: ParameterStore, average: ParameterStore, overflow?: Tensor): void {
  const input = g.input("decay", [2]);
  for (const key of net.keys()) {
    const decay = isTrained(key) ? input : undefined;
    g.scope(key, () => ema(g, { y: average.tensor(g, key), x: net.master(g, key), decay, overflow }));
  }
}
