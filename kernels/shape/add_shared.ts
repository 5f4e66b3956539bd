// kernels/shape/add_shared.ts: y = leaky(x[n] + shared[n mod S])
//
// In the discriminator's first convolution, fake and real pictures have the labels in common: the labels' part (`shared`) is computed
// once and added to the part of each picture (x).
// Backward: dz = dy * (y > 0 ? 1 : slope);   dx = dz,   dshared[s] = sum of dz[n] over n = s, s + S, ..., in order.
// traffic: x and y once, shared once for every use (from a cache at best). lavapipe, 4 x 129x129x64: forward 6.6 ms (6.5 GB/s),
// dx 9.7, dshared 7.2.

import addSharedText from "../../shaders/shape/add_shared.wgsl";
import dxText from "../../shaders/shape/add_shared_dx.wgsl";
import sumText from "../../shaders/shape/add_shared_sum.wgsl";
import {
  defineOp,
  float,
  product,
  read,
  SpadeError,
  storedElements,
  write,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { strided } from "../parts/grid.ts";

export interface AddSharedArgs {
  /** [N,...] */
  x: Tensor;
  /** [S,...], N a multiple of S */
  shared: Tensor;
  /** slope below zero; 1 = no activation */
  slope: number;
}

/** Shape rule. @throws SpadeError shape */
export function addSharedPlan(x: readonly number[], shared: readonly number[]): number[] {
  if (x.length !== shared.length || x[0] % shared[0] || x.some((n, i) => i > 0 && n !== shared[i])) {
    throw new SpadeError(
      "shape",
      "add_shared",
      `[${shared.join(",")}] does not divide [${x.join(",")}]`,
      "share images of x's size, a divisor of their number",
    );
  }
  return [...x];
}

export const addShared = defineOp<AddSharedArgs, Tensor>({
  name: "add_shared",
  forward(g: Graph, { x, shared, slope }) {
    const y = g.temp("y", addSharedPlan(x.shape, shared.shape), x.dtype);
    const n4 = storedElements(x.shape, x.dtype) / 4;
    g.dispatch({
      shader: { name: "add_shared", text: addSharedText },
      sizes: { N4: n4, SHARED4: storedElements(shared.shape, shared.dtype) / 4, SLOPE: float(slope) },
      bindings: { x: read(x), shared_part: read(shared), y: write(y) },
      groups: strided(g.target, n4),
      flops: 2 * product(x.shape),
    });
    return y;
  },
  backward(g, { x, shared, slope }, y, dy, wanted) {
    const n4 = storedElements(x.shape, x.dtype) / 4;
    const shared4 = storedElements(shared.shape, shared.dtype) / 4;
    const grads: Partial<Record<keyof AddSharedArgs, Tensor>> = {};
    if (wanted.has("x")) {
      grads.x = g.temp("dx", x.shape, x.dtype);
      g.dispatch({
        shader: { name: "add_shared_dx", text: dxText },
        sizes: { N4: n4, SLOPE: float(slope) },
        bindings: { y: read(y), dy: read(dy), dx: write(grads.x) },
        groups: strided(g.target, n4),
        flops: product(x.shape),
      });
    }
    if (wanted.has("shared")) {
      grads.shared = g.temp("dshared", shared.shape, shared.dtype);
      g.dispatch({
        shader: { name: "add_shared_sum", text: sumText },
        sizes: { N4: n4, SHARED4: shared4, SLOPE: float(slope) },
        bindings: { y: read(y), dy: read(dy), dshared: write(grads.shared) },
        groups: strided(g.target, shared4),
        flops: 2 * product(x.shape),
      });
    }
    return grads;
  },
});
