// Where a number that is not finite first appeared: a step recorded once more, with a watch on every layer, and run on the batch that
// failed. A net whose gradients were not finite has changed no parameter, so that what was wrong with it is still there.

import { overflow } from "../../../kernels/index.ts";
import { Program } from "../../runtime/index.ts";
import type { Prepared, Stepper } from "./stepper.ts";

/**
 * The layer, loss or gradient, in the order in which a step computes them; undefined where all is finite.
 * @param nets whose step failed. The stepper's own programs are freed: the watched one keeps every layer to its end
 */
export async function firstNonFinite(
  stepper: Stepper,
  nets: readonly ("G" | "D")[],
  prepared: Prepared,
): Promise<string | undefined> {
  stepper.release();
  for (const net of nets) {
    const { graph, step } = await stepper.record(net);
    const names = [...step.parts.keys()];
    for (const [name, t] of step.parts) graph.output(name, overflow(graph, { tensors: [t] }));
    const program = await Program.compile(graph, stepper.device, { name: `${net} step, watched` });
    try {
      await program.run(stepper.runOptions(net, prepared));
      for (const name of names) if ((await program.read(name))[0] !== 0) return `${net} step: ${name}`;
    } finally {
      program.dispose();
    }
  }
  return undefined;
}
