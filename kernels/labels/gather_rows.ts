// kernels/labels/gather_rows.ts: a picture from a table: each pixel is the table's row that its id names
//
//   y[n,Y,X,:] = table[ids[n,Y,X],:]
//
// Backward: dtable[r,:] = sum of dy over the pixels with id r, in f32 (kernels/parts/segments.ts). Rows beyond those in the lists are
// not written.
// traffic: y once, ids once, and rows of the table: equal ids lie side by side, so most of them come from a cache.
// lavapipe, 256x256x128: 14 to 21 ms (2.5 GB/s).

import gatherRowsText from "../../shaders/labels/gather_rows.wgsl";
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
import { needLists, segmentSums, type Lists } from "../parts/segments.ts";

export interface GatherRowsArgs {
  /** [R,C] */
  table: Tensor;
  /** i32 [N,H,W]: row numbers of the table */
  ids: Tensor;
  /** For the backward pass: pixels by id, from idLists. */
  lists?: Lists;
}

/** Shape rule. @throws SpadeError shape */
export function gatherRowsPlan(table: readonly number[], ids: readonly number[]): number[] {
  if (table.length < 2)
    throw new SpadeError("shape", "gather_rows", `table [${table.join(",")}] has no rows`, "give a table [R,C]");
  return [...ids, table[table.length - 1]];
}

export const gatherRows = defineOp<GatherRowsArgs, Tensor>({
  name: "gather_rows",
  forward(g: Graph, { table, ids }) {
    const y = g.temp("y", gatherRowsPlan(table.shape, ids.shape), table.dtype);
    const pixels = product(ids.shape);
    const c4 = table.pitch / 4;
    const grid = rowGrid(c4, pixels);
    g.dispatch({
      shader: { name: "gather_rows", text: gatherRowsText },
      constants: grid.constants,
      sizes: { PIXELS: pixels, C4: c4 },
      bindings: { table: read(table), ids: readScalars(ids), y: write(y) },
      groups: grid.groups,
      flops: 0,
      bytes: y.bytes + ids.bytes + Math.min(table.bytes, y.bytes),
    });
    return y;
  },
  recompute: true,
  backward(g, { table, lists }, _, dy) {
    const segments = needLists(lists, "gather_rows", "idLists");
    const dtable = g.temp("dtable", table.shape);
    const c4 = table.pitch / 4;
    segmentSums(g, { x: dy, lists: segments, y: dtable, x4: c4, c4 });
    return { table: dtable };
  },
});
