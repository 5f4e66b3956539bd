// kernels/labels/region_pool.ts: means over the regions of pictures (SEAN's style codes, Zhu et al. 2020): one for each picture and label
//
//   y[n*S + j, :] = scale[n*S + j] * sum of x[p, :] over the pixels p of region (n, j)        scale = 1 / number of pixels
//
// A region without pixels gives zeros. A pixel of an edge is in two regions, that of its label and that of the edges.
// Backward: dx[p] = sum over p's regions r of scale[r] * dy[r]; a region without pixels gives nothing.
// traffic: x once, and 4 bytes a pixel and vec4 of columns (kernels/parts/segments.ts); backward dx once, rows of dy from a cache.

import poolText from "../../shaders/labels/region_pool.wgsl";
import dxText from "../../shaders/labels/region_pool_dx.wgsl";
import {
  defineOp,
  LIST_SEGMENTS,
  product,
  read,
  readScalars,
  SpadeError,
  write,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { rowGrid } from "../parts/grid.ts";
import { segmentSums, type Lists } from "../parts/segments.ts";

export interface RegionPoolArgs {
  /** [N,H,W,C] */
  x: Tensor;
  /** i32 [N*H*W, 2]: the regions n*S + j of each pixel; below zero: none */
  regions: Tensor;
  /** f32 [N*S]: 1 / number of pixels of each region; anything finite for a region without pixels */
  scale: Tensor;
  /** The same by region: pixels of each, from regionLists. */
  lists: Lists;
}

/** Shape rule. @throws SpadeError shape */
export function regionPoolPlan(
  x: readonly number[],
  regions: readonly number[],
  scale: readonly number[],
  segments: number,
): number[] {
  const pixels = product(x.slice(0, -1));
  if (regions.join() !== `${pixels},2` || scale.join() !== `${segments}`)
    throw new SpadeError(
      "shape",
      "region_pool",
      `regions [${regions.join(",")}] and scale [${scale.join(",")}] do not fit x [${x.join(",")}] with ${segments} regions`,
      "give two regions a pixel, and a factor for each region",
    );
  return [segments, x[x.length - 1]];
}

/** f32 [N*S, C] */
export const regionPool = defineOp<RegionPoolArgs, Tensor>({
  name: "region_pool",
  forward(g: Graph, { x, regions, scale, lists }) {
    const out = regionPoolPlan(x.shape, regions.shape, scale.shape, lists.rows.shape[0] - LIST_SEGMENTS);
    const sums = g.temp("sums", out);
    const c4 = x.pitch / 4;
    segmentSums(g, { x, lists, y: sums, x4: c4, c4 });
    const y = g.temp("y", out);
    const grid = rowGrid(c4, out[0]);
    g.dispatch({
      shader: { name: "region_pool", text: poolText },
      constants: grid.constants,
      sizes: { ROWS: out[0], C4: c4 },
      bindings: { sums: read(sums), scale: readScalars(scale), y: write(y) },
      groups: grid.groups,
      flops: product(out),
    });
    return y;
  },
  backward(g, { x, regions, scale }, _, dy, wanted) {
    if (!wanted.has("x")) return {};
    const dx = g.temp("dx", x.shape, x.dtype);
    const c4 = x.pitch / 4;
    const pixels = product(x.shape.slice(0, -1));
    const grid = rowGrid(c4, pixels);
    g.dispatch({
      shader: { name: "region_pool_dx", text: dxText },
      constants: grid.constants,
      sizes: { PIXELS: pixels, C4: c4 },
      bindings: { regions: readScalars(regions), scale: readScalars(scale), dy: read(dy), dx: write(dx) },
      groups: grid.groups,
      flops: 2 * product(x.shape),
    });
    return { x: dx };
  },
});
