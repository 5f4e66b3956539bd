// A norm with its own statistics, whose gradient has two parts; and what differentiating needs.

import { expect, test } from "vitest";
import { modulate } from "../../kernels/norm/modulate.ts";
import { statistics } from "../../kernels/norm/statistics.ts";
import { product } from "../../src/runtime/index.ts";
import { modulateGradients, modulateReference } from "../reference/modulate.ts";
import { statisticsGradient, statisticsReference } from "../reference/statistics.ts";
import { noise, relativeError } from "../support/device.ts";
import { evaluateGradients, gradcheck } from "../support/gradcheck.ts";
import { windowsOf } from "../support/windows.ts";
import { NORM_ERROR } from "../tolerances.ts";

test.each([
  { x: [2, 5, 7, 6], up: 1, per: "batch", slope: 0.2 },
  { x: [2, 1, 35, 39], up: 1, per: "instance", slope: 1 },
  { x: [2, 3, 1, 5], up: 2, per: "instance", slope: 0.2 },
  { x: [1, 4, 5, 36], up: 2, per: "batch", slope: 1, software: false },
  { x: [2, 31, 40, 9], up: 1, per: "batch", slope: 0.2, plain: true, software: false },
  { x: [2, 31, 40, 3], up: 2, per: "instance", slope: 0.2, plain: true },
] as const)("gradient of a norm with its own statistics: %j", async ({ x: shape, up, per, ...o }) => {
  const [n, h, w, c] = shape;
  const groups = per === "batch" ? 1 : n;
  const { outerIds: ids, outerCount: rows } = windowsOf([n, h * up, w * up], o);
  const x = noise(product(shape), 1).map((v) => 2 * v + 0.5);
  const tables = { gamma: noise(rows * c, 4), beta: noise(rows * c, 5) };
  const dy = noise(ids.length * c, 7);
  const how = { up, groups, slope: Math.fround(o.slope) };
  const sizes = [groups, (n * h * w) / groups, c] as const;
  const own = (values: ArrayLike<number>) => {
    const { mean, variance } = statisticsReference(values, ...sizes);
    return { ...tables, x: values, mean, rstd: variance.map((v) => (v + 1e-5) ** -0.5), ids };
  };
  const part = modulateGradients({ ...own(x), dy }, shape, how);
  const rest = statisticsGradient(x, ...sizes, { dmean: part.mean, drstd: part.rstd });
  const ref = { x: part.x.map((v, i) => v + rest[i]) };
  if (x.length < 600)
    gradcheck("norm", (a) => modulateReference(own(a.x), shape, how), { x }, ref, dy, { tolerance: NORM_ERROR });
  const got = await evaluateGradients(
    (g, inputs) => {
      const t = inputs.tensor("x", shape, x);
      const { mean, rstd } = statistics(g, { x: t, per });
      const gamma = inputs.tensor("gamma", [rows, c], tables.gamma);
      const beta = inputs.tensor("beta", [rows, c], tables.beta);
      const at = inputs.tensor("ids", [n, h * up, w * up], ids);
      return { y: modulate(g, { x: t, mean, rstd, gamma, beta, ids: at, slope: o.slope }), wrt: { x: t } };
    },
    dy,
    o,
  );
  expect(relativeError(got.x, ref.x)).toBeLessThan(NORM_ERROR);
});

test("differentiating tables without lists is an error that says what to give", async () => {
  const run = evaluateGradients(
    (g, inputs) => {
      const t = (name: string, shape: number[]) => inputs.tensor(name, shape, noise(product(shape), 1));
      const [gamma, beta, ids] = [t("gamma", [2, 4]), t("beta", [2, 4]), g.input("ids", [1, 2, 2], "i32")];
      const x = { x: t("x", [1, 2, 2, 4]), mean: t("mean", [4]), rstd: t("rstd", [4]) };
      return { y: modulate(g, { ...x, gamma, beta, ids, slope: 1 }), wrt: { gamma } };
    },
    noise(16, 2),
  );
  await expect(run).rejects.toThrow(/recorded without lists; give the op `lists`, made by pixelLists/);
});
