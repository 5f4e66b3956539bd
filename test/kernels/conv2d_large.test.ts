// Convolutions over more pixels than one dimension of workgroups holds: their grids are laid in layers.

import { describe, expect, test } from "vitest";
import { gatherGradient, turned } from "../../kernels/conv/conv2d_dx.ts";
import { conv2d, packConv } from "../../kernels/conv/conv2d.ts";
import { subgroupConv } from "../../kernels/conv/conv2d_subgroup.ts";
import { layered } from "../../kernels/parts/grid.ts";
import type { Graph, Tensor } from "../../src/runtime/index.ts";
import { evaluate, noise, relativeError, type Inputs } from "../support/device.ts";
import { variantCases } from "../support/variants.ts";
import { sumError } from "../tolerances.ts";

test("a row of workgroups in layers covers it, and each layer fits", () => {
  for (const n of [1, 32768, 32769, 65536, 65537, 1e6]) {
    const { x, layers } = layered(n);
    expect(x).toBeLessThanOrEqual(32768);
    expect(x * layers).toBeGreaterThanOrEqual(n);
    expect(x * (layers - 1)).toBeLessThan(n);
  }
});

const [H, W] = [1100, 1024];
const X = [1, H, W, 1];
const weights = [1, 1, 3, 3];
const xs = noise(H * W, 1);
const ws = noise(9, 2);
const packed = packConv(ws, weights);

/** The same convolution in float64, zeros around. */
function reference(): Float64Array {
  const out = new Float64Array(H * W);
  for (let y = 0; y < H; y++)
    for (let x = 0; x < W; x++)
      for (let t = 0; t < 9; t++) {
        const [iy, ix] = [y + Math.floor(t / 3) - 1, x + (t % 3) - 1];
        if (iy >= 0 && iy < H && ix >= 0 && ix < W) out[y * W + x] += xs[iy * W + ix] * ws[t];
      }
  return out;
}

const cases = variantCases("conv2d").filter(({ name }) => name === "direct" || name === "subgroup");
describe.each(cases)("conv2d, $name", ({ variants, test }) =>
  test("over more than a layer", async () => {
    const record = (g: Graph, inputs: Inputs): Record<string, Tensor> => ({
      y: conv2d(g, {
        x: inputs.tensor("x", X, xs),
        w: inputs.tensor("w", packed.shape, packed.data),
        kh: 3,
        kw: 3,
        pad: 1,
      }),
    });
    const { y } = await evaluate(record, { variants });
    expect(relativeError(y, reference())).toBeLessThan(sumError(9));
  }),
);

variantCases("conv2d_dx")
  .find(({ name }) => name === "subgroup")!
  .test("the data gradient of a strided conv: as a gather, and by subgroups", async () => {
    const out = [1, H / 2, W / 2, 1];
    const dz = noise((H * W) / 4, 3);
    const record = (g: Graph, inputs: Inputs): Record<string, Tensor> => {
      const [z, w] = [inputs.tensor("dz", out, dz), inputs.tensor("w", packed.shape, packed.data)];
      const shape = { kh: 3, kw: 3, stride: 2, pad: 1 };
      const bySubgroups = g.temp("dx", X);
      subgroupConv(g, { x: z, w, y: bySubgroups, transposed: true, flops: 0, ...shape });
      return { gathered: gatherGradient(g, { dz: z, turned: turned(g, w, 1), shape: X, ...shape }), bySubgroups };
    };
    const { gathered, bySubgroups } = await evaluate(record);
    const dx = new Float64Array(H * W);
    for (let y = 0; y < H / 2; y++)
      for (let x = 0; x < W / 2; x++)
        for (let t = 0; t < 9; t++) {
          const [iy, ix] = [2 * y + Math.floor(t / 3) - 1, 2 * x + (t % 3) - 1];
          if (iy >= 0 && ix >= 0) dx[iy * W + ix] += dz[(y * W) / 2 + x] * ws[t];
        }
    expect(relativeError(gathered, dx)).toBeLessThan(sumError(9));
    expect(relativeError(bySubgroups, dx)).toBeLessThan(sumError(9));
  });
