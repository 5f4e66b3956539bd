// Every variant of the matrix product against the plain float64 sum, both layouts of a, odd sizes, part of b's columns.

import { describe, expect } from "vitest";
import { blocksOf, gemm, packBlocks, ROWS, unpackBlocks } from "../../kernels/parts/gemm.ts";
import { evaluate, noise, relativeError } from "../support/device.ts";
import { variantCases } from "../support/variants.ts";
import { sumError } from "../tolerances.ts";

const shapes = [
  { m: 77, k: 20, n: 36, batch: 3 },
  { m: 5, k: 8, n: 12, batch: 1 },
  { m: 33, k: 128, n: 100, batch: 2 },
];

describe.each(variantCases("gemm"))("$name gemm", ({ variants, test }) =>
  test.each(shapes)("$batch x [$m,$k] x [$k,$n]", async ({ m, k, n, batch }) => {
    const a = noise(batch * m * k, 1);
    const oihw = noise(n * k * batch, 2);
    const ref = new Float64Array(batch * m * n);
    for (let z = 0; z < batch; z++)
      for (let r = 0; r < m; r++)
        for (let c = 0; c < n; c++) {
          let sum = 0;
          for (let i = 0; i < k; i++) sum += a[(z * m + r) * k + i] * oihw[(c * k + i) * batch + z];
          ref[(z * m + r) * n + c] = sum;
        }
    const picks = Int32Array.from({ length: m * batch }, (_, i) => (i * 7 + (i % batch) * 3) % m);
    const refPicked = new Float64Array(batch * m * n);
    for (let z = 0; z < batch; z++)
      for (let r = 0; r < m; r++)
        for (let c = 0; c < n; c++)
          for (let i = 0; i < k; i++)
            refPicked[(z * m + r) * n + c] += a[picks[r * batch + z] * k + i] * oihw[(c * k + i) * batch + z];
    const b = packBlocks(oihw, [n, k, batch, 1]);
    expect(unpackBlocks(b, [n, k, batch, 1])).toEqual(oihw);
    const groups = Math.ceil(m / ROWS);
    const blocked = new Float32Array(batch * groups * ROWS * k);
    for (let z = 0; z < batch; z++)
      for (let r = 0; r < m; r++)
        for (let i = 0; i < k; i++)
          blocked[(((z * groups + (r >> 3)) * (k / 4) + (i >> 2)) * 8 + (r & 7)) * 4 + (i & 3)] =
            a[(z * m + r) * k + i];
    const out = await evaluate(
      (g, inputs) => {
        const bt = inputs.tensor("b", [b.length], b);
        const plain = inputs.tensor("a", [batch, m, k], a);
        const rows = inputs.tensor("ab", [batch, groups * ROWS, k], blocked);
        const c0 = g.temp("c0", [batch, m, n]);
        const c1 = g.temp("c1", [batch, m, n]);
        const shape = { b: bt, batch, m, k4: k / 4, n4: n / 4, bBlocks: blocksOf(n) };
        gemm(g, { ...shape, a: plain, c: c0, aBatch: (m * k) / 4 });
        gemm(g, { ...shape, a: rows, aBlocked: true, c: c1, aBatch: (groups * ROWS * k) / 4 });
        const results: Record<string, typeof c0> = { c0, c1 };
        // Rows of matrix 0, in an order of each matrix's own.
        const picked = inputs.tensor("picks", [m, batch], picks, "i32");
        const c2 = (results.c2 = g.temp("c2", [batch, m, n]));
        gemm(g, { ...shape, a: plain, c: c2, aBatch: 0, picks: picked });
        if (n > 16) {
          const part = g.temp("part", [batch, m, n - 16]);
          gemm(g, { ...shape, n4: n / 4 - 4, bBlock: 1, a: plain, c: part, aBatch: (m * k) / 4 });
          results.part = part;
        }
        return results;
      },
      { variants },
    );
    expect(relativeError(out.c0, ref)).toBeLessThan(sumError(k));
    expect(relativeError(out.c1, ref)).toBeLessThan(sumError(k));
    expect(relativeError(out.c2, refPicked)).toBeLessThan(sumError(k));
    if (out.part)
      expect(
        relativeError(
          out.part,
          ref.filter((_, i) => i % n >= 16),
        ),
      ).toBeLessThan(sumError(k));
  }),
);
