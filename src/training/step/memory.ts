// What a training step needs in memory, told from its plan alone: nothing is allocated, so that it can be asked of any size and adapter.

import type { Graph, MemoryPlan, Tensor } from "../../runtime/index.ts";
import type { Moments } from "./moments.ts";
import type { Step } from "./step.ts";

/** All in bytes. */
export interface TrainingMemory {
  /** Parameters and buffers of all nets, with the copies that are kept. */
  parameters: number;
  /** Adam's moments. */
  adam: number;
  /** Of every trained parameter; they wait for Adam together. */
  gradients: number;
  /** What the program allocates for everything else: its buffers less the gradients' room (which serves others before them). */
  working: number;
  /** gamma and beta of every norm, from the forward pass to the backward pass. */
  tables: number;
  /** What each net's forward pass leaves for its backward pass, tables left out. G waits for the others, which follow each other. */
  saved: Map<string, number>;
}

const sum = (ns: Iterable<number>): number => [...ns].reduce((a, b) => a + b, 0);

/** @param plan planMemory's of the graph; a compiled program has it as `memory` */
export function trainingMemory(
  graph: Graph,
  step: Pick<Step, "tables" | "gradients" | "ends">,
  moments: readonly Moments[],
  plan: MemoryPlan,
): TrainingMemory {
  const apart = new Set<Tensor>([...step.tables, ...step.gradients, ...graph.inputs.values()]);
  const places = [...plan.placements.values()];
  const gradients = sum(step.gradients.map((t) => t.bytes));
  const saved = new Map<string, number>();
  let start = 0;
  for (const [name, end] of step.ends) {
    const left = places.filter((p) => p.from >= start && p.from < end && p.to >= end && !apart.has(p.tensor));
    saved.set(name, sum(left.map((p) => p.tensor.bytes)));
    start = end;
  }
  const adam = sum(moments.map((m) => m.bytes));
  return {
    parameters: plan.external - adam,
    adam,
    gradients,
    working: plan.peak - gradients,
    tables: sum(step.tables.filter((t) => plan.placements.get(t.id)!.to >= step.ends.get("G")!).map((t) => t.bytes)),
    saved,
  };
}

const MB = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

/** For people, in three lines. */
export function describeTrainingMemory(name: string, m: TrainingMemory): string {
  const saved = [...m.saved].map(([part, bytes]) => `${part} ${MB(bytes)}`).join(", ");
  return [
    `${name}: parameters ${MB(m.parameters)}, Adam ${MB(m.adam)}, gradients ${MB(m.gradients)}, all else ${MB(m.working)}`,
    `  kept from forward to backward: ${saved}`,
    `  label tables: ${MB(m.tables)}`,
  ].join("\n");
}
