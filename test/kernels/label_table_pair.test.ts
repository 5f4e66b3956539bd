// gamma and beta of added windows: the rows that labelTable makes of all windows, bit for bit, at their places; the rows before stay.

import { expect, test } from "vitest";
import { blockedShape, blocksOf, packBlocks } from "../../kernels/parts/gemm.ts";
import { labelTable } from "../../kernels/labels/label_table.ts";
import { labelTablePair, pairSlice } from "../../kernels/labels/label_table_pair.ts";
import { concat } from "../../kernels/shape/concat.ts";
import { evaluate, noise } from "../support/device.ts";
import { pickedRows, windowsOf } from "../support/windows.ts";

test.each([
  { map: [1, 13, 17], k: 3, hidden: 128, c: 39, spare: 0, from: 0 },
  { map: [1, 13, 17], k: 3, hidden: 128, c: 39, spare: 0, from: 40 },
  { map: [2, 5, 4], k: 5, hidden: 12, c: 64, spare: 3, from: 7 },
  { map: [1, 14, 14], k: 1, hidden: 20, c: 5, spare: 9, from: 2 },
  // Several slices of columns.
  { map: [1, 9, 11], k: 3, hidden: 8, c: 70, spare: 9000, from: 11 },
])("of $map, kernel $k, $c channels, from row $from", async ({ map, k, hidden, c, spare, from }) => {
  const lw = windowsOf(map, { k });
  const taps = k * k;
  const { picks, windows } = pickedRows(lw.outerWindows, from, taps);
  const count = Math.max(...picks.map((rows) => rows.length));
  const capacity = lw.innerCount + spare;
  if (spare > 1000) expect(pairSlice(taps, capacity, 2 * blocksOf(c) * 4)).toBeLessThan(2 * blocksOf(c) * 4);
  const inner = { name: "inner", capacity: lw.innerCount };
  const outer = { name: "outer", capacity: lw.outerCount };
  const added = { name: "added", capacity: lw.outerCount };
  const a = noise(lw.innerCount * hidden, 1).fill(0, 0, hidden);
  const weight = (seed: number): Float32Array => packBlocks(noise(c * hidden * taps, seed), [c, hidden, k, k]);
  const out = await evaluate(
    (g, inputs) => {
      const rows = inputs.tensor("a", [lw.innerCount, hidden], a);
      const w = [2, 3].map((seed) => inputs.tensor(`w${seed}`, blockedShape(taps, hidden, c), weight(seed)));
      const bias = [4, 5].map((seed) => inputs.tensor(`bias${seed}`, [c], noise(c, seed)));
      const all = { a: rows, windows: inputs.tensor("all", [lw.outerCount, taps], lw.outerWindows), inner, outer };
      const [gamma, beta] = [0, 1].map((i) => labelTable(g, { ...all, w: w[i], bias: bias[i] }));
      const table = new Int32Array(capacity * taps);
      picks.forEach((ids, tap) => ids.forEach((id, m) => (table[m * taps + tap] = id)));
      const padded = new Int32Array(lw.outerCount * taps);
      padded.set(windows);
      const pair = labelTablePair(g, {
        a: concat(g, { a: inputs.tensor("other", [lw.innerCount, hidden], noise(a.length, 9)), b: rows, axis: 1 }),
        part: 1,
        w: concat(g, { a: w[0], b: w[1], axis: 1 }),
        bias: { gamma: bias[0], beta: bias[1] },
        windows: inputs.tensor("windows", [lw.outerCount, taps], padded),
        picks: inputs.tensor("picks", [capacity, taps], table),
        picked: { name: "picked", capacity },
        first: inputs.tensor("first", [1], Int32Array.of(from)),
        outer: added,
      });
      return { gamma, beta, pairGamma: pair.gamma, pairBeta: pair.beta };
    },
    { counts: { inner: lw.innerCount, outer: lw.outerCount, picked: count, added: lw.outerCount - from } },
  );
  for (const [one, two] of [
    ["gamma", "pairGamma"],
    ["beta", "pairBeta"],
  ])
    expect(out[two].slice(from * c)).toEqual(out[one].slice(from * c));
});
