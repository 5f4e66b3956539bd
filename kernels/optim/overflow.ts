// kernels/optim/overflow.ts: whether any number of some tensors is Inf or NaN (f16 gradients overflow if the loss scale is too large)
//
//   y = 0 if all are finite, else more than 0
//
// Each thread of a fixed grid has a flag and checks its share of one tensor after another; the flags are added at the end. No
// atomics. NaN and Inf are detected by exponent bits; compilers may assume x == x. No backward.
// traffic: every tensor once.

import flagsText from "../../shaders/optim/overflow.wgsl";
import {
  defineOp,
  notDifferentiable,
  read,
  storedElements,
  writeScalars,
  type Tensor,
} from "../../src/runtime/index.ts";
import { sumShares } from "../loss/loss_sum.ts";

export interface OverflowArgs {
  /** f32 or f16; at least one tensor. */
  tensors: readonly Tensor[];
}

/** Threads of the grid. Chosen, not tuned: on software adapters few, as a workgroup costs time to start; on hardware enough to fill it. */
const THREADS = { software: 1024, hardware: 32768 };

export const overflow = defineOp<OverflowArgs, Tensor>({
  name: "overflow",
  forward(g, { tensors }) {
    const threads = THREADS[g.target.software ? "software" : "hardware"];
    const flags = g.temp("flags", [threads]);
    tensors.forEach((x, i) =>
      g.dispatch({
        shader: { name: "overflow", text: flagsText },
        constants: { first: i === 0, THREADS: threads },
        sizes: { N4: storedElements(x.shape, x.dtype) / 4 },
        bindings: { x: read(x), flags: writeScalars(flags) },
        groups: [threads / 64],
        flops: 0,
        bytes: x.bytes,
      }),
    );
    return sumShares(g, flags);
  },
  backward: notDifferentiable,
});
