// Gradients of modulate by itself, and of a norm with its own statistics (D2 of the kernel notes: the two parts of dx).

import { expect, test } from "vitest";
import { modulate } from "../../kernels/norm/modulate.ts";
import { statistics } from "../../kernels/norm/statistics.ts";
import { pixelLists, pixelListShapes } from "../../src/labels/lists.ts";
import { product } from "../../src/runtime/index.ts";
import { modulateGradients, modulateReference } from "../reference/modulate.ts";
import { statisticsGradient, statisticsReference } from "../reference/statistics.ts";
import { noise, relativeError } from "../support/device.ts";
import { evaluateGradients, gradcheck } from "../support/gradcheck.ts";
import { listTensors, SPARE, windowsOf } from "../support/windows.ts";

interface Case {
  x: number[];
  up: number;
  per: "batch" | "instance";
  slope: number;
  plain?: boolean;
  software?: boolean;
}
const cases: Case[] = [
  { x: [2, 5, 7, 6], up: 1, per: "batch", slope: 0.2 },
  { x: [2, 1, 35, 39], up: 1, per: "instance", slope: 1 },
  { x: [2, 3, 1, 5], up: 2, per: "instance", slope: 0.2 },
  { x: [1, 4, 5, 36], up: 2, per: "batch", slope: 1, software: false },
  { x: [2, 31, 40, 9], up: 1, per: "batch", slope: 0.2, plain: true, software: false },
  { x: [2, 31, 40, 3], up: 2, per: "instance", slope: 0.2, plain: true },
];

function setting({ x, up, per, plain }: Case) {
  const [n, h, w, c] = x;
  const groups = per === "batch" ? 1 : n;
  const lw = windowsOf([n, h * up, w * up], { plain });
  const rows = lw.outerCount;
  const args = {
    x: noise(product(x), 1).map((v) => 2 * v + 0.5),
    mean: noise(groups * c, 2),
    rstd: noise(groups * c, 3).map((v) => 1.5 + v),
    gamma: noise(rows * c, 4),
    beta: noise(rows * c, 5),
  };
  const dy = noise(product(x) * up * up, 7);
  const capacity = rows + SPARE;
  const table = (values: Float32Array): Float32Array => {
    const out = new Float32Array(capacity * c);
    out.set(values);
    return out;
  };
  return { groups, lw, rows, args, dy, capacity, table, ids: lw.outerIds, counts: { rows } };
}

test("two runs give the same bits", async () => {
  const o: Case = { x: [2, 31, 40, 9], up: 1, per: "batch", slope: 0.2, plain: true };
  const { args, lw, dy, capacity, table, ids, counts } = setting(o);
  const run = () =>
    evaluateGradients(
      (g, inputs) => {
        const x = inputs.tensor("x", o.x, args.x);
        const tables = {
          gamma: inputs.tensor("gamma", [capacity, 9], table(args.gamma)),
          beta: inputs.tensor("beta", [capacity, 9], table(args.beta)),
        };
        const lists = listTensors(inputs, "pixels", pixelLists(lw), pixelListShapes(ids.length, capacity));
        const { mean, rstd } = statistics(g, { x, per: o.per });
        return {
          y: modulate(g, { x, mean, rstd, ...tables, ids: inputs.tensor("ids", [2, 31, 40], ids), slope: 0.2, lists }),
          wrt: { x, ...tables },
        };
      },
      dy,
      { counts },
    );
  const [first, second] = [await run(), await run()];
  expect(second.x).toEqual(first.x);
  for (const name of ["gamma", "beta"])
    expect(second[name].subarray(0, lw.outerCount * 9)).toEqual(first[name].subarray(0, lw.outerCount * 9));
});

test.for(cases)("gradient of a norm with its own statistics: x $x, up $up, per $per", async (o) => {
  const { groups, args, dy, capacity, table, ids } = setting(o);
  const [n, h, w, c] = o.x;
  const pixels = (n * h * w) / groups;
  const shape = { up: o.up, groups, slope: Math.fround(o.slope) };
  const own = (x: ArrayLike<number>) => {
    const { mean, variance } = statisticsReference(x, groups, pixels, c);
    return { ...args, x, mean, rstd: variance.map((v) => (v + 1e-5) ** -0.5), ids };
  };
  const part = modulateGradients({ ...own(args.x), dy }, o.x, shape);
  const rest = statisticsGradient(args.x, groups, pixels, c, { dmean: part.mean, drstd: part.rstd });
  const ref = part.x.map((v, i) => v + rest[i]);
  if (product(o.x) < 600)
    gradcheck("norm", ({ x }) => modulateReference(own(x), o.x, shape), { x: args.x }, { x: ref }, dy, {
      tolerance: 1e-5,
    });
  const got = await evaluateGradients(
    (g, inputs) => {
      const x = inputs.tensor("x", o.x, args.x);
      const { mean, rstd } = statistics(g, { x, per: o.per });
      const tables = {
        gamma: inputs.tensor("gamma", [capacity, c], table(args.gamma)),
        beta: inputs.tensor("beta", [capacity, c], table(args.beta)),
      };
      return {
        y: modulate(g, {
          x,
          mean,
          rstd,
          ...tables,
          ids: inputs.tensor("ids", [n, h * o.up, w * o.up], ids),
          slope: o.slope,
        }),
        wrt: { x },
      };
    },
    dy,
    { software: o.software },
  );
  expect(relativeError(got.x, ref)).toBeLessThan(1e-5);
});

test("differentiating tables without lists is an error that says what to give", async () => {
  const run = evaluateGradients(
    (g, inputs) => {
      const t = (name: string, shape: number[]) => inputs.tensor(name, shape, noise(product(shape), 1));
      const gamma = t("gamma", [2, 4]);
      const y = modulate(g, {
        x: t("x", [1, 2, 2, 4]),
        mean: t("mean", [4]),
        rstd: t("rstd", [4]),
        gamma,
        beta: t("beta", [2, 4]),
        ids: inputs.tensor("ids", [1, 2, 2], new Int32Array(4)),
        slope: 1,
      });
      return { y, wrt: { gamma } };
    },
    noise(16, 2),
  );
  await expect(run).rejects.toThrow(/recorded without lists; give the op `lists`, made by pixelLists/);
});
