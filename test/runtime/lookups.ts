// Recordings of the label path's gradients, for the tests of generated shaders.

import { paperStorage } from "../../src/runtime/tensor.ts";
import { gradients } from "../../kernels/gradients.ts";
import { ops } from "../../kernels/index.ts";
import { listShapes } from "../../src/labels/lists.ts";
import { listInputs } from "../../src/models/nets/level_lists.ts";
import type { DType, Graph, Tensor } from "../../src/runtime/index.ts";

/** The label path and its gradients, in every form. */
export function lookups(g: Graph, dtype: DType): void {
  let made = 0;
  const t = (shape: number[], as: DType = dtype) => g.external(`t${made++}`, shape, as, paperStorage("paper", 1 << 20));
  const lists = (items: number, segments: number) => listInputs(g, `lists ${made++}`, listShapes(items, segments));
  const back = (y: Tensor, ...wrt: Tensor[]) => gradients(g, new Map([[y, t([...y.shape])]]), wrt);
  const count = { name: "rows", capacity: 9 };
  const [w, bias] = [t([9, 8, 12]), t([12], "f32")];
  for (const relu of [true, false]) {
    const windows = { windows: t([9, 9], "i32"), w, bias, edgeRow: relu ? 7 : -1, relu, count };
    back(ops.windowGather(g, { ...windows, lists: lists(200, 72) }), w, bias);
  }
  const [a, blocked] = [t([9, 12]), t([9, 2, 3, 64])];
  const [inner, many] = [{ name: "inner", capacity: 200 }, t([200, 12])];
  const table = { a: many, w: blocked, bias: t([20], "f32"), windows: t([9, 9], "i32"), inner, outer: count };
  back(ops.labelTable(g, { ...table, lists: lists(90, 1800) }), many, blocked, table.bias);
  ops.labelTablePair(g, {
    ...{ a: many, part: 0, w: t([9, 4, 3, 64]), bias: { gamma: table.bias, beta: table.bias }, windows: table.windows },
    ...{ picks: t([9, 9], "i32"), picked: count, first: t([1], "i32"), outer: count },
  });
  back(ops.gatherRows(g, { table: a, ids: t([1, 10, 10], "i32"), lists: lists(100, 9) }), a);
  for (const c of [3, 7, 9, 29]) {
    for (const [up, per, slope] of [
      [1, "batch", 1],
      [2, "batch", 0.2],
      [1, "instance", 0.2],
      [2, "instance", 1],
    ] as const) {
      const x = t([2, 9, 5, c]);
      const tables = { gamma: t([9, c]), beta: t([9, c]), ids: t([2, 9 * up, 5 * up], "i32"), count };
      const s = ops.statistics(g, { x, per });
      const y = ops.modulate(g, { x, mean: s.mean, rstd: s.rstd, ...tables, slope, lists: lists(90 * up * up, 9) });
      back(y, x, tables.gamma, tables.beta);
      gradients(g, new Map([[s.variance, t([...s.variance.shape], "f32")]]), [x]);
      const running = { mean: t([c], "f32"), rstd: t([c], "f32") };
      back(ops.modulate(g, { x, ...running, ...tables, slope }), x);
      const placed = { whole: true, factors: t([2, 9 * up, 5 * up, 2]), lists: lists(90 * up * up, 9) };
      const z = ops.modulate(g, { x, ...running, ...tables, slope, ...placed });
      back(z, x, tables.gamma, tables.beta, placed.factors);
    }
  }
}
