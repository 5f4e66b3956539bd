// The memory that a training step needs, computed from its plan: nothing is allocated, so it works for any size and adapter.

import type { Graph, MemoryPlan, Tensor } from "../../runtime/index.ts";
import type { Moments } from "./moments.ts";
import type { Step } from "./step.ts";

/** All in bytes. */
export interface TrainingMemory {
  /** Parameters and buffers of all nets, with f16 copies and G's average. */
  parameters: number;
  /** Adam's moments. */
  adam: number;
  /** Gradients of all trained parameters; all are kept until Adam runs. */
  gradients: number;
  /** Everything else that the program allocates: its buffers less the gradients' bytes (which other tensors use before them). */
  working: number;
  /** gamma and beta of every norm, kept from the forward to the backward pass. */
  tables: number;
  /** Those of styles, and the rows in which both are blended, of a net with a style for each region; else 0. Kept as well. */
  styleTables: number;
  /** What each net's forward pass keeps for its backward pass, without tables. G's stays during the others' passes, which run one by one. */
  saved: Map<string, number>;
}

const sum = (ns: Iterable<number>): number => [...ns].reduce((a, b) => a + b, 0);

/** @param plan planMemory(graph); a compiled program has it as `memory` */
export function trainingMemory(
  graph: Graph,
  step: Pick<Step, "tables" | "styleTables" | "gradients" | "ends">,
  moments: readonly Moments[],
  plan: MemoryPlan,
): TrainingMemory {
  const apart = new Set<Tensor>([...step.tables, ...step.styleTables, ...step.gradients, ...graph.inputs.values()]);
  const places = [...plan.placements.values()];
  const gradients = sum(step.gradients.map((t) => t.bytes));
  const saved = new Map<string, number>();
  let start = 0;
  for (const [name, end] of step.ends) {
    const left = places.filter((p) => p.from >= start && p.from < end && p.to >= end && !apart.has(p.tensor));
    saved.set(name, sum(left.map((p) => p.tensor.bytes)));
    start = end;
  }
  const kept = (tables: readonly Tensor[]): number =>
    sum(tables.filter((t) => plan.placements.get(t.id)!.to >= step.ends.get("G")!).map((t) => t.bytes));
  const adam = sum(moments.map((m) => m.bytes));
  return {
    parameters: plan.external - adam,
    adam,
    gradients,
    working: plan.peak - gradients,
    tables: kept(step.tables),
    styleTables: kept(step.styleTables),
    saved,
  };
}

const MB = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

/** A text of three lines. */
export function describeTrainingMemory(name: string, m: TrainingMemory): string {
  const saved = [...m.saved].map(([part, bytes]) => `${part} ${MB(bytes)}`).join(", ");
  return [
    `${name}: parameters ${MB(m.parameters)}, Adam ${MB(m.adam)}, gradients ${MB(m.gradients)}, all else ${MB(m.working)}`,
    `  kept from forward to backward: ${saved}`,
    `  label tables: ${MB(m.tables)}${m.styleTables ? `, style tables: ${MB(m.styleTables)}` : ""}`,
  ].join("\n");
}
