// kernels/norm/add_noise.ts: noise before a norm, as in SEAN's ACE (Zhu et al. 2020): one plane a picture, weighted for each channel
//
//   y[n,Y,X,c] = x[n,Y/up,X/up,c] + plane[n,Y,X] * v[c]
//
// up is 1 or 2: the nearest x2 upsampling of x is read through. y has the upsampled size, because the plane differs in each of its pixels.
// Backward: dx = the sum of dy over the up*up pixels,   dv[c] = sum of plane * dy over n, Y, X, in a fixed order (columnSums).
// traffic: x and y once (x up times from a cache), the plane once for every vec4 of channels, from a cache. The backward pass recomputes y;
// dy once, and again for dv. Strips of pixels, as in modulate.ts: on lavapipe (training, ngf 16, 128x128) 13 ms where one pixel a thread
// took 38. A step with noise takes 1.6 % of its kernels' time for it, and a statistic more for each learnt shortcut.

import addNoiseText from "../../shaders/norm/add_noise.wgsl";
import {
  ceilDiv,
  defineOp,
  product,
  read,
  readScalars,
  SpadeError,
  write,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { rowGrid, stripLength } from "../parts/grid.ts";
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
  if (plane.join() !== `${n * h * w * up * up}` || v.join() !== `${c}`)
    throw new SpadeError(
      "shape",
      "add_noise",
      `a plane [${plane.join(",")}] and factors [${v.join(",")}] do not fit x [${n},${h},${w},${c}] times ${up}`,
      `give a plane [${n * h * w * up * up}] and factors [${c}]`,
    );
  return [n, h * up, w * up, c];
}

export const addNoise = defineOp<AddNoiseArgs, Tensor>({
  name: "add_noise",
  forward(g: Graph, { x, up, plane, v }) {
    const shape = addNoisePlan(x.shape, up, plane.shape, v.shape);
    const y = g.temp("y", shape, x.dtype);
    const c4 = x.pitch / 4;
    const [n, h, w] = x.shape;
    const len = stripLength(g.target);
    const grid = rowGrid(c4, n * h * up * ceilDiv(w, len));
    g.dispatch({
      shader: { name: "add_noise", text: addNoiseText },
      constants: { ...grid.constants, UP: up, LEN: len },
      sizes: { ROWS: n * h, W: w, C4: c4 },
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
