// f16 copies of a net's weights, for training with f16 storage.

import { ema } from "../../../kernels/index.ts";
import { Graph, Program } from "../../runtime/index.ts";
import type { ParameterStore } from "./parameters.ts";

/**
 * Makes f16 copies of the weights, which graphs read from now on. The f32 values are their masters; Adam updates
 * both. If other code writes to the masters, call this again to update the copies.
 */
export async function useHalves(p: ParameterStore): Promise<void> {
  const g = new Graph(p.device.target);
  for (const key of p.keys()) {
    const half = p.half(key);
    if (!half) continue;
    const x = p.master(g, key);
    ema(g, { x, y: g.external(`${key} f16`, x.shape, "f16", half) });
  }
  const program = await Program.compile(g, p.device, { name: "halves" });
  await program.run();
  program.dispose();
}
