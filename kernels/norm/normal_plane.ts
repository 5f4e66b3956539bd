// kernels/norm/normal_plane.ts: standard normal values from a seed (Philox4x32-10, Salmon et al. 2011; Box and Muller 1958)
//
//   words w[4i .. 4i+3] = Philox(counter (i, layer, 0, 0), key seed)      u = (w + 1) / 2^32
//   plane[2j] = sqrt(-2 ln u[2j]) cos(2 pi u[2j+1])      plane[2j+1] = sqrt(-2 ln u[2j]) sin(2 pi u[2j+1])
//
// The words are those of normalValues in src/models/philox.ts, bit by bit; the values differ by the rounding of log, cos and sin, of which
// each adapter has its own. A value depends on seed, layer and place alone, so that nothing is uploaded or kept. Of peers that share a batch
// each has its part of one plane: where n is a multiple of 4, theirs together are those of one process.
// traffic: 4 bytes a value. Arithmetic counts: some 250 operations a block of four.

import planeText from "../../shaders/norm/normal_plane.wgsl";
import {
  ceilDiv,
  defineOp,
  notDifferentiable,
  read,
  SpadeError,
  write,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { strided } from "../parts/grid.ts";

export interface NormalPlaneArgs {
  /** i32 [2]: the bits of a seed's low and high 32-bit words; i32 [3]: and the number of peers before this one, whose planes are as long */
  seed: Tensor;
  /** u32: planes of one seed that are to differ have different ones. */
  layer: number;
  /** Number of values. */
  n: number;
}

/** f32 [n] */
export const normalPlane = defineOp<NormalPlaneArgs, Tensor>({
  name: "normal_plane",
  forward(g: Graph, { seed, layer, n }) {
    if (seed.dtype !== "i32" || !/^[23]$/.test(seed.shape.join()))
      throw new SpadeError("shape", "normal_plane", `seed [${seed.shape.join(",")}] is no seed`, "give i32 [2]");
    const plane = g.temp("plane", [n]);
    const n4 = ceilDiv(n, 4);
    g.dispatch({
      shader: { name: "normal_plane", text: planeText },
      sizes: { N4: n4, LAYER: layer },
      bindings: { seed: read(seed), plane: write(plane) },
      groups: strided(g.target, n4),
      flops: 250 * n4,
    });
    return plane;
  },
  backward: notDifferentiable,
});
