// The type of an op: a name, a forward that records dispatches, and a derivative, which can't be left out (notDifferentiable if none).

import type { Graph } from "./graph.ts";
import type { Tensor } from "./tensor.ts";

/** Marks an op without a derivative: it reads integers, or no trained parameter depends on it. */
export const notDifferentiable = Symbol("not differentiable");

/** Gradients of a result: of the tensor, or of some of its tensors. */
export type GradOf<R> = R extends Tensor ? Tensor : Partial<R>;

/**
 * Records the ops that compute the gradients of the arguments named in `wanted` from the gradients of the result. It gets inputs that
 * are cheaper to recompute than to keep through g.again(tensor).
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
  /** The backward pass recomputes the result instead of keeping it (modulation, activations). */
  readonly recompute?: boolean;
}

export type Op<A, R> = ((g: Graph, args: A) => R) & OpDef<A, R>;

/** One recorded op; gradients() walks these records backwards. */
export interface OpRecord {
  readonly op: OpDef<never, unknown>;
  readonly args: unknown;
  readonly result: unknown;
}

/** Turns a definition into a callable op: `conv2d(g, { x, w })` records the op and the dispatches of its forward. */
export function defineOp<A, R>(def: OpDef<A, R>): Op<A, R> {
  const call = (g: Graph, args: A): R => g.record(def, args);
  return Object.defineProperties(call, {
    name: { value: def.name },
    forward: { value: def.forward },
    backward: { value: def.backward },
    recompute: { value: def.recompute ?? false },
  }) as Op<A, R>;
}
