// kernels/labels/gather_rows.ts: a picture out of a table, one row a pixel
//
//   y[n,Y,X,:] = table[ids[n,Y,X],:]
//
// Backward: dtable[r,:] = sum of dy over the pixels with id r, in f32 (kernels/parts/segments.ts); ids are integers. Rows that no list names are
// left as they are.
// traffic: y once, ids once, rows from the table: equal ids lie in runs, so a cache gives most of them.
// lavapipe, 256x256x128: 14 to 21 ms (2.5 GB/s).

import gatherRowsText from "../../shaders/labels/gather_rows.wgsl";
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
import { needLists, segmentSums, type Lists, Y_SPAN } from "../parts/segments.ts";

export interface GatherRowsArgs {
  /** [R,C] */
  table: Tensor;
  /** i32 [N,H,W]: rows */
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
    g.dispatch({
      shader: { name: "gather_rows", text: gatherRowsText },
      sizes: { PIXELS: pixels, C4: c4, YSPAN: Y_SPAN },
      bindings: { table: read(table), ids: readScalars(ids), y: write(y) },
      groups: [ceilDiv(c4, 8), ceilDiv(Math.min(pixels, Y_SPAN), 8), ceilDiv(pixels, Y_SPAN)],
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
