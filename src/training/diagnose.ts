// Where a number that is not finite first appeared: a step recorded once more, with a watch on every layer. It is run on the batch that
// failed; the step that failed has changed no parameter, so that what was wrong is still there.

import { overflow } from "../../kernels/index.ts";
import { Program } from "../runtime/index.ts";
import type { Prepared, Stepper } from "./stepper.ts";

/** The layer, loss or gradient, in the order in which a step computes them; undefined where all is finite. */
export async function firstNonFinite(stepper: Stepper, prepared: Prepared): Promise<string | undefined> {
  for (const net of ["G", "D"] as const) {
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
