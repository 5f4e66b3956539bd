// What an op is: a name, a pure plan, a forward that records dispatches, and a place for its derivative that can't be left out.

import type { Graph } from "./graph.ts";
import type { Tensor } from "./tensor.ts";

/** The op has no derivative by its nature (it reads integers, or feeds nothing that is trained). */
export const notDifferentiable = Symbol("not differentiable");

/** Gradients of a result: of the tensor, or of those of its tensors that have one. */
export type GradOf<R> = R extends Tensor ? Tensor : Partial<R>;

/**
 * Records the ops that give the gradients of the arguments named in `wanted`, from the gradients of the result. Inputs that are
 * cheaper to compute again than to keep are asked for with g.again(tensor).
 */
export type Backward<A, R> = (
  g: Graph,
  args: A,
  result: R,
  grad: GradOf<R>,
  wanted: ReadonlySet<keyof A>,
) => Partial<Record<keyof A, Tensor>>;

export interface OpDef<A, R> {
  readonly name: string;
  forward(g: Graph, args: A): R;
  readonly backward: Backward<A, R> | typeof notDifferentiable;
  /** The result is not kept for the backward pass but computed again there (modulation, activations). */
  readonly recompute?: boolean;
}

export type Op<A, R> = ((g: Graph, args: A) => R) & OpDef<A, R>;

/** One line of the record that gradients() walks backwards. */
export interface OpRecord {
  readonly op: OpDef<never, unknown>;
  readonly args: unknown;
  readonly result: unknown;
}

/** Makes an op callable: `conv2d(g, { x, w })` records it, and whatever dispatches its forward needs. */
export function defineOp<A, R>(def: OpDef<A, R>): Op<A, R> {
  const call = (g: Graph, args: A): R => g.record(def, args);
  return Object.defineProperties(call, {
    name: { value: def.name },
    forward: { value: def.forward },
    backward: { value: def.backward },
    recompute: { value: def.recompute ?? false },
  }) as Op<A, R>;
}
