// kernels/optim/ema.ts: an exponential moving average, in place; without a decay a copy, which may change the storage type
//
//   y <- d y + (1 - d) x
//
// The decay changes from step to step, so it is read from an input, and one program serves all steps. No backward.
// traffic: 2 reads and 1 write an element; for a copy 1 and 1.

import emaText from "../../shaders/optim/ema.wgsl";
import {
  defineOp,
  describe,
  notDifferentiable,
  read,
  SpadeError,
  storedElements,
  write,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { strided } from "../parts/grid.ts";

export interface EmaArgs {
  /** external, updated in place */
  y: Tensor;
  /** of y's shape */
  x: Tensor;
  /** f32 [2], from emaFactors; left out: x is copied */
  decay?: Tensor;
  /** [1]: if it is not 0, nothing is changed */
  overflow?: Tensor;
}

/** The values of `decay` for d in [0, 1). 1 - d is rounded from float64, as in adam. @throws SpadeError shape: another d */
export function emaFactors(d: number): Float32Array {
  if (d >= 0 && d < 1) return Float32Array.of(d, 1 - d);
  throw new SpadeError("shape", "ema", `has a decay of ${d}`, "give a decay from 0 to below 1");
}

export const ema = defineOp<EmaArgs, void>({
  name: "ema",
  forward(g: Graph, { y, x, decay, overflow }) {
    if (x.shape.join() !== y.shape.join())
      throw new SpadeError("shape", "ema", `${describe(x)} goes into ${describe(y)}`, "give tensors of one shape");
    const n4 = storedElements(y.shape, y.dtype) / 4;
    g.dispatch({
      shader: { name: "ema", text: emaText },
      constants: { average: !!decay, skip: !!overflow },
      sizes: { N4: n4 },
      bindings: { x: read(x), overflow: overflow && read(overflow), decay: decay && read(decay), y: write(y) },
      groups: strided(g.target, n4),
      flops: decay ? 12 * n4 : 0,
    });
  },
  backward: notDifferentiable,
});
