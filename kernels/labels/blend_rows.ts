// kernels/labels/blend_rows.ts: rows that blend a row of one table with a row of another (SEAN's gamma and beta)
//
//   y[r,:] = s * a[rows[r,0],:] + (1 - s) * b[rows[r,1],:]        s = 1 / (1 + exp(-logit))
//
// a has a row for each window of style codes, b for each window of labels, y for each pair of both that occurs.
// Backward: da[i] = s * sum of dy over the rows with a's i (kernels/parts/segments.ts), db[i] the same with 1 - s;
// dlogit = s (1 - s) * sum of dy * (a - b) over all rows in use.
// traffic: y once, rows of a and b once a row of y, from a cache.

import blendText from "../../shaders/labels/blend_rows.wgsl";
import logitText from "../../shaders/labels/blend_rows_logit.wgsl";
import splitText from "../../shaders/labels/blend_rows_split.wgsl";
import {
  defineOp,
  product,
  read,
  readScalars,
  SpadeError,
  write,
  type Count,
  type Graph,
  type Tensor,
} from "../../src/runtime/index.ts";
import { rowGrid } from "../parts/grid.ts";
import { needLists, segmentSums, type Lists } from "../parts/segments.ts";

export interface BlendRowsArgs {
  /** [...,C]: rows of a table */
  a: Tensor;
  /** [...,C], as a */
  b: Tensor;
  /** f32 [1] */
  logit: Tensor;
  /** i32 [capacity, 2]: for each row of the result, one of a and one of b */
  rows: Tensor;
  /** Number of rows in use. */
  count: Count;
  /** For the backward pass: the rows by row of a and by row of b, and all of them as one list, from idLists. */
  lists?: { readonly a: Lists; readonly b: Lists; readonly all: Lists };
}

/** Shape rule. @throws SpadeError shape */
export function blendRowsPlan(a: readonly number[], b: readonly number[], rows: readonly number[]): number[] {
  const c = a[a.length - 1];
  if (b[b.length - 1] !== c || rows.length !== 2 || rows[1] !== 2)
    throw new SpadeError(
      "shape",
      "blend_rows",
      `rows [${rows.join(",")}] of tables [${a.join(",")}] and [${b.join(",")}]`,
      "give two tables of as many columns, and a pair of numbers for each row",
    );
  return [rows[0], c];
}

/** [capacity, C], of a's type */
export const blendRows = defineOp<BlendRowsArgs, Tensor>({
  name: "blend_rows",
  forward(g: Graph, { a, b, logit, rows, count }) {
    const out = blendRowsPlan(a.shape, b.shape, rows.shape);
    const y = g.temp("y", out, a.dtype);
    const c4 = y.pitch / 4;
    const grid = rowGrid(c4, out[0], count);
    g.dispatch({
      shader: { name: "blend_rows", text: blendText },
      constants: grid.constants,
      sizes: { ROWS: out[0], C4: c4 },
      bindings: { a: read(a), b: read(b), logit: read(logit), rows: readScalars(rows), y: write(y) },
      groups: grid.groups,
      flops: 3 * product(out),
      bytes: y.bytes + rows.bytes + Math.min(a.bytes, y.bytes) + Math.min(b.bytes, y.bytes),
    });
    return y;
  },
  backward(g, { a, b, logit, rows, count, lists }, y, dy, wanted) {
    const of = (which: "a" | "b" | "all"): Lists => needLists(lists?.[which], "blend_rows", "idLists");
    const c4 = y.pitch / 4;
    const grid = rowGrid(c4, rows.shape[0], count);
    const part = (name: keyof BlendRowsArgs): Tensor | undefined =>
      wanted.has(name) ? g.temp(`${name}_part`, y.shape) : undefined;
    const [da, db, dots] = [part("a"), part("b"), part("logit")];
    g.dispatch({
      shader: { name: "blend_rows_split", text: splitText },
      constants: { ...grid.constants, a: !!da, b: !!db, logit: !!dots },
      sizes: { ROWS: rows.shape[0], C4: c4 },
      bindings: {
        dy: read(dy),
        logit: read(logit),
        ...(dots ? { a: read(a), b: read(b), rows: readScalars(rows) } : {}),
        da: da && write(da),
        db: db && write(db),
        dots: dots && write(dots),
      },
      groups: grid.groups,
      flops: 6 * product(y.shape),
    });
    const sum = (x: Tensor, by: Lists, shape: readonly number[]): Tensor => {
      const to = g.temp("sums", shape);
      segmentSums(g, { x, lists: by, y: to, x4: c4, c4 });
      return to;
    };
    const grads: Partial<Record<keyof BlendRowsArgs, Tensor>> = {};
    if (da) grads.a = sum(da, of("a"), a.shape);
    if (db) grads.b = sum(db, of("b"), b.shape);
    if (dots) {
      const sums = sum(dots, of("all"), [1, y.shape[1]]);
      grads.logit = g.temp("dlogit", logit.shape);
      g.dispatch({
        shader: { name: "blend_rows_logit", text: logitText },
        sizes: { C4: c4 },
        bindings: { sums: read(sums), logit: read(logit), dlogit: write(grads.logit) },
        groups: [1],
        flops: 4 * c4,
      });
    }
    return grads;
  },
});
