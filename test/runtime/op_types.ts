// Compiled, never run: an op without its derivative's place is a type error. A @ts-expect-error that finds no error is one itself.

import { defineOp, notDifferentiable, type Graph, type Op, type Tensor } from "../../src/runtime/index.ts";
import { ops } from "../../kernels/index.ts";

interface Args {
  x: Tensor;
}
const name = "copy";
const forward = (_: Graph, { x }: Args): Tensor => x;

// @ts-expect-error -- no backward
defineOp<Args, Tensor>({ name, forward });
// @ts-expect-error -- no backward
defineOp<Args, Tensor>({ name, forward, backward: undefined });
// @ts-expect-error -- another symbol than notDifferentiable
defineOp<Args, Tensor>({ name, forward, backward: Symbol("later") });
// @ts-expect-error -- a gradient of an argument that the op does not have
defineOp<Args, Tensor>({ name, forward, backward: (_g, _args, _y, dy) => ({ w: dy }) });

/** The op table takes no function that is not an op. */
export const table = {
  ...ops,
  // @ts-expect-error -- a function is no op
  copy: forward,
} satisfies Record<string, Op<never, never> | Op<any, any>>; // eslint-disable-line @typescript-eslint/no-explicit-any -- as in kernels/index.ts

export const allowed = [
  defineOp<Args, Tensor>({ name, forward, backward: notDifferentiable }),
  defineOp<Args, Tensor>({ name, forward, backward: (_g, _args, _y, dy) => ({ x: dy }) }),
];
