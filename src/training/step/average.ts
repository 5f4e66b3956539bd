// An exponential moving average of the generator, which often paints better than the generator itself (Karras et al. 2018).

import { ema } from "../../../kernels/index.ts";
import { isTrained } from "../../models/weights/packing.ts";
import type { ParameterStore } from "../../models/weights/parameters.ts";
import type { Graph, Tensor } from "../../runtime/index.ts";

export interface Average {
  /** f32, of the net's keys; the net's own values at first (Parameters.clone). */
  parameters: ParameterStore;
  /** In [0, 1): what stays of the average at every step. */
  decay: number;
}

/** Moves the average of what is trained, and copies the buffers (running statistics, u, v); not where `overflow` is other than 0. */
export function recordAverage(g: Graph, net: ParameterStore, { parameters, decay }: Average, overflow?: Tensor): void {
  for (const key of net.keys()) {
    const d = isTrained(key) ? decay : 0;
    g.scope(key, () => ema(g, { y: parameters.tensor(g, key), x: net.master(g, key), decay: d, overflow }));
  }
}
