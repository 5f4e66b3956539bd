// kernels/norm/add_noise.ts: noise before a norm, as in SEAN's ACE (Zhu et al. 2020): one plane a picture, weighted for each channel
//
//   y[n,Y,X,c] = x[n,Y/up,X/up,c] + plane[n,Y,X] * v[c]
//
// up is 1 or 2: the nearest x2 upsampling of x is read through. y has the upsampled size, because the plane differs in each of its pixels.
// Backward: dx = the sum of dy over the up*up pixels,   dv[c] = sum of plane * dy over n, Y, X, in a fixed order (columnSums).
// traffic: x and y once (x up times from a cache), the plane once. The backward pass recomputes y; dy once, and again for dv.

import addNoiseText from "../../shaders/norm/add_noise.wgsl";
import {
  defineOp,
  product,
  read,
  readScalars,
  SpadeError,
  write,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { rowGrid } from "../parts/grid.ts";
import { columnSums, sum2x2 } from "../parts/sums.ts";

export interface AddNoiseArgs {
  /** [N,H,W,C] */
  x: Tensor;
  up: 1 | 2;
  /** f32 [N*H*up*W*up] */
  plane: Tensor;
  /** f32 [C] */
  v: Tensor;
}

/** Shape rule. @throws SpadeError shape */
export function addNoisePlan(
  [n, h, w, c]: readonly number[],
  up: 1 | 2,
  plane: readonly number[],
  v: readonly number[],
): number[] {
  const shape = [n, h * up, w * up, c];
  const pixels = product(shape.slice(0, 3));
  if (plane.join() !== `${pixels}` || v.join() !== `${c}`)
    throw new SpadeError(
      "shape",
      "add_noise",
      `a plane [${plane.join(",")}] and factors [${v.join(",")}] do not fit [${shape.join(",")}]`,
      `give a plane [${pixels}] and factors [${c}]`,
    );
  return shape;
}

export const addNoise = defineOp<AddNoiseArgs, Tensor>({
  name: "add_noise",
  forward(g: Graph, { x, up, plane, v }) {
    const shape = addNoisePlan(x.shape, up, plane.shape, v.shape);
    const y = g.temp("y", shape, x.dtype);
    const c4 = x.pitch / 4;
    const pixels = product(shape.slice(0, 3));
    const grid = rowGrid(c4, pixels);
    g.dispatch({
      shader: { name: "add_noise", text: addNoiseText },
      constants: { ...grid.constants, double: up === 2 },
      sizes: { C4: c4, PIXELS: pixels, ...(up === 2 ? { W: shape[2] } : {}) },
      bindings: { x: read(x), plane: readScalars(plane), v: read(v), y: write(y) },
      groups: grid.groups,
      flops: 2 * product(shape),
    });
    return y;
  },
  recompute: true,
  backward(g, { x, up, plane, v }, _, dy, wanted) {
    return {
      ...(wanted.has("x") ? { x: up === 2 ? sum2x2(g, dy) : dy } : {}),
      ...(wanted.has("v") ? { v: columnSums(g, dy, x.pitch, [...v.shape], plane) } : {}),
    };
  },
});
