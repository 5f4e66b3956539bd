import { expect, test } from "vitest";
import { gatherRows } from "../../kernels/labels/gather_rows.ts";
import { idLists, listShapes } from "../../src/labels/lists.ts";
import { gatherRowsGradient, gatherRowsReference } from "../reference/gather_rows.ts";
import { evaluate, noise, relativeError } from "../support/device.ts";
import { evaluateGradients, gradcheck } from "../support/gradcheck.ts";
import { listTensors } from "../support/windows.ts";

test.each([
  { ids: [2, 3, 5], c: 6 },
  { ids: [1, 1, 9], c: 128 },
])("gatherRows gives every pixel its row: ids $ids, $c channels", async ({ ids, c }) => {
  const rows = 5;
  const table = noise(rows * c, 1);
  const at = Int32Array.from(noise(ids[0] * ids[1] * ids[2], 2), (v) => Math.floor(((v + 1) / 2) * rows));
  const { y } = await evaluate((g, inputs) => ({
    y: gatherRows(g, { table: inputs.tensor("table", [rows, c], table), ids: inputs.tensor("ids", ids, at) }),
  }));
  expect(y).toEqual(Float32Array.from(gatherRowsReference(table, c, at)));
});

test.each([
  { ids: [2, 3, 5], c: 6 },
  { ids: [1, 1, 9], c: 33 },
  { ids: [1, 40, 41], c: 5 },
])("gatherRows' gradient: ids $ids, $c channels", async ({ ids, c }) => {
  const rows = 5;
  const n = ids[0] * ids[1] * ids[2];
  const table = noise(rows * c, 1);
  // Row 3 is read by nobody.
  const at = Int32Array.from(noise(n, 2), (v) => (v < 0 ? 1 : v < 0.4 ? 4 : v < 0.5 ? 0 : 2));
  const dy = noise(n * c, 3);
  const ref = gatherRowsGradient(dy, c, at, rows);
  gradcheck("gatherRows", (a) => gatherRowsReference(a.table, c, at), { table }, { table: ref }, dy);
  const got = await evaluateGradients((g, inputs) => {
    const t = inputs.tensor("table", [rows, c], table);
    const lists = listTensors(inputs, "ids", idLists(at, rows), listShapes(n, rows));
    return { y: gatherRows(g, { table: t, ids: inputs.tensor("ids", ids, at), lists }), wrt: { table: t } };
  }, dy);
  expect(relativeError(got.table, ref)).toBeLessThan(1e-6);
});
