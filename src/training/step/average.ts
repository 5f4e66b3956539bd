// An exponential moving average of the generator, which often paints better than the generator itself (Karras et al. 2018).

import { ema } from "../../../kernels/index.ts";
import { isTrained } from "../../models/weights/packing.ts";
import type { ParameterStore } from "../../models/weights/parameters.ts";
import type { Graph, Tensor } from "../../runtime/index.ts";

export interface Average {
  /** f32, under the net's keys; at first a copy of the net (ParameterStore.clone). */
  parameters: ParameterStore;
  /** Weight of the old average at every step, in [0, 1). */
  decay: number;
}

/** Updates the average of trained parameters and copies the buffers (running statistics, u, v), unless `overflow` is not 0. */
export function recordAverage(g: Graph, net: ParameterStore, { parameters, decay }: Average, overflow?: Tensor): void {
  for (const key of net.keys()) {
    const d = isTrained(key) ? decay : 0;
    g.scope(key, () => ema(g, { y: parameters.tensor(g, key), x: net.master(g, key), decay: d, overflow }));
  }
}
