// What a training of these options takes, from its recordings alone: nothing is allocated or compiled, and no data is read.

import { kindOf, outputSize } from "../../models/kinds.ts";
import { Frozen } from "../../models/nets/perceptual.ts";
import { squeezenet } from "../../models/nets/squeezenet.ts";
import { ParameterStore } from "../../models/weights/parameters.ts";
import { usualRoom } from "../../painting/choose_room.ts";
import { Graph, planMemory, type MemoryPlan, type Target } from "../../runtime/index.ts";
import { netsOf } from "../open_parts.ts";
import type { TrainOptions } from "../options.ts";
import type { Role } from "../state.ts";
import { Moments } from "./moments.ts";
import { recordDiscriminatorStep, recordGeneratorStep } from "./step.ts";

export interface Estimate {
  /** On the adapter, in bytes. */
  readonly bytes: number;
  /** Floating-point operations of a step. */
  readonly flops: number;
}

/**
 * Plans the G step and the D step in f32, with label tables of usual size and without an average.
 * @throws SpadeError limits: a tensor is larger than the adapter allows
 */
export function estimateTraining(target: Target, o: TrainOptions): Estimate {
  const paper = new Map<Role, ParameterStore>(
    netsOf(o).map(([role, net]) => [role, ParameterStore.onPaper(net, "f32")]),
  );
  const [G, D, E] = (["G", "D", "E"] as const).map((role) => paper.get(role));
  const frozen = ParameterStore.onPaper(squeezenet.net, "f32");
  const perceptual = o.no_vgg_loss ? undefined : new Frozen(squeezenet, frozen, target, outputSize(o));
  const nets = { G: G!, D: D!, E, perceptual };
  const rooms = kindOf(o)
    .levels(o)
    .map((level) => usualRoom({ ...level, images: o.batchSize }));
  const moments = {
    G: [G, E].flatMap((p) => (p ? [new Moments(undefined, p, "")] : [])),
    D: [new Moments(undefined, D!, "")],
  };
  let flops = 0;
  const planned = (net: "G" | "D"): MemoryPlan => {
    const graph = new Graph(target);
    const record = net === "G" ? recordGeneratorStep : recordDiscriminatorStep;
    const step = record(graph, o, nets, rooms, o.batchSize, moments[net]);
    for (const [loss, t] of step.losses) graph.output(loss, t);
    graph.output("fake", step.fake);
    for (const dispatch of graph.dispatches) flops += dispatch.flops;
    return planMemory(graph);
  };
  const plans = [planned("G"), planned("D")];
  // Both programs bind the parameters of G, D and E.
  const shared = [...paper.values()].reduce((sum, p) => sum + p.bytes, 0);
  const bytes = plans.reduce((sum, { external, peak }) => sum + external + peak, 0) - shared;
  return { bytes, flops };
}
