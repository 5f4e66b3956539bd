import { expect, test } from "vitest";
import { modulate, modulatePlan } from "../../kernels/norm/modulate.ts";
import { product, type DType } from "../../src/runtime/index.ts";
import { modulateReference } from "../reference/modulate.ts";
import { evaluate, noise, relativeError, testDevice } from "../support/device.ts";

const ROWS = 7;
const cases: { x: number[]; up: number; groups: number; slope: number; dtype?: DType; software?: boolean }[] = [
  { x: [1, 5, 7, 6], up: 1, groups: 1, slope: 0.2 },
  { x: [2, 1, 35, 39], up: 1, groups: 2, slope: 1 },
  { x: [2, 3, 1, 5], up: 2, groups: 2, slope: 0.2 },
  { x: [1, 4, 5, 36], up: 2, groups: 1, slope: 1, software: false },
  { x: [1, 2, 3, 6], up: 1, groups: 1, slope: 0.2, dtype: "f16" },
];

test.for(cases)(
  "modulate equals the float64 reference: x $x, up $up, $groups rows of statistics, slope $slope, $dtype",
  async ({ x, up, groups, slope, dtype = "f32", software }, context) => {
    if (dtype === "f16" && !(await testDevice()).target.features.has("shader-f16")) context.skip();
    const [n, h, w, c] = x;
    const a = {
      x: noise(product(x), 1),
      mean: noise(groups * c, 2),
      rstd: noise(groups * c, 3).map((v) => 1.5 + v),
      gamma: noise(ROWS * c, 4),
      beta: noise(ROWS * c, 5),
      ids: Int32Array.from(noise(n * h * w * up * up, 6), (v) => Math.floor(((v + 1) / 2) * ROWS)),
    };
    const { y } = await evaluate(
      (g, inputs) => ({
        y: modulate(g, {
          x: inputs.tensor("x", x, a.x, dtype),
          mean: inputs.tensor("mean", [groups, c], a.mean),
          rstd: inputs.tensor("rstd", groups === 1 ? [c] : [groups, c], a.rstd),
          gamma: inputs.tensor("gamma", [ROWS, c], a.gamma, dtype),
          beta: inputs.tensor("beta", [ROWS, c], a.beta, dtype),
          ids: inputs.tensor("ids", [n, h * up, w * up], a.ids),
          slope,
        }),
      }),
      { software },
    );
    expect(relativeError(y, modulateReference(a, x, { up, groups, slope: Math.fround(slope) }))).toBeLessThan(
      dtype === "f16" ? 2e-3 : 1e-6,
    );
  },
);

test("modulate refuses ids of a size that is neither x's nor its double", () => {
  const t = [4, 8];
  const shapes = { x: [1, 4, 4, 8], mean: [1, 8], rstd: [1, 8], gamma: t, beta: t, ids: [1, 12, 12] };
  expect(() => modulatePlan(shapes, true)).toThrow(/ids \[1,12,12\] do not fit x \[1,4,4,8\]/);
  expect(() => modulatePlan({ ...shapes, ids: [1, 4, 4], rstd: [3, 8] }, true)).toThrow(/rstd/);
});
