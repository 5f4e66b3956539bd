import { expect, test } from "vitest";
import { gatherRows } from "../../kernels/gather_rows.ts";
import { gatherRowsReference } from "../reference/gather_rows.ts";
import { evaluate, noise } from "../support/device.ts";

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
