// Finds where a number that is not finite first appeared: records the step again with a check on every layer and runs it on the batch that
// failed. A step with gradients that are not finite changes no parameter, so the fault appears again.

import { overflow } from "../../../kernels/index.ts";
import { Program } from "../../runtime/index.ts";
import type { Prepared, Stepper } from "./stepper.ts";

/**
 * The first layer, loss or gradient, in order of computation, that is not finite; undefined if all are. Frees the stepper's programs: the
 * checked one needs more memory, because it keeps every layer to its end.
 * @param nets whose step failed
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
      const found: string[] = [];
      for (const name of names)
        if (!found.length && (await program.read(name))[0] !== 0) found.push(`${net} step: ${name}`);
      // Peers go on to the next net together.
      const [first] = (await stepper.options.peers?.union(found)) ?? found;
      if (first) return first;
    } finally {
      program.dispose();
    }
  }
  return undefined;
}
