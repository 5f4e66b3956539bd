// kernels/optim/ema.ts: an exponential moving average, in place; with decay 0 a copy, which may change the storage type
//
//   y <- d y + (1 - d) x
//
// No backward. traffic: 2 reads and 1 write an element; for a copy 1 and 1.

import emaText from "../../shaders/optim/ema.wgsl";
import {
  defineOp,
  describe,
  float,
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
  /** d, in [0, 1) */
  decay: number;
  /** [1]: if it is not 0, nothing is changed */
  overflow?: Tensor;
}

export const ema = defineOp<EmaArgs, void>({
  name: "ema",
  forward(g: Graph, { y, x, decay, overflow }) {
    if (x.shape.join() !== y.shape.join() || !(decay >= 0 && decay < 1)) {
      throw new SpadeError(
        "shape",
        "ema",
        `${describe(x)} goes into ${describe(y)} with a decay of ${decay}`,
        "give tensors of one shape and a decay from 0 to below 1",
      );
    }
    const n4 = storedElements(y.shape, y.dtype) / 4;
    g.dispatch({
      shader: { name: "ema", text: emaText },
      constants: { average: decay > 0, skip: !!overflow },
      // 1 - d is rounded from float64, as in adam.
      sizes: { N4: n4, ...(decay > 0 ? { DECAY: float(decay), REST: float(1 - decay) } : {}) },
      bindings: { x: read(x), overflow: overflow && read(overflow), y: write(y) },
      groups: strided(g.target, n4),
      flops: decay > 0 ? 12 * n4 : 0,
    });
  },
  backward: notDifferentiable,
});
