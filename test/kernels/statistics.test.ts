import { expect, test } from "vitest";
import { gradients } from "../../kernels/gradients.ts";
import { inverseStd, statistics } from "../../kernels/norm/statistics.ts";
import { exchanging, product, Program, Graph } from "../../src/runtime/index.ts";
import { times } from "../runtime/tiny.ts";
import { statisticsReference } from "../reference/statistics.ts";
import { evaluate, external, noise, relativeError, testDevice } from "../support/device.ts";
import { sumError } from "../tolerances.ts";

const EPS = 1e-5;

/** Values whose mean is far from 0 for their deviation, the first one far from all others. */
function farFromZero(shape: readonly number[], mean: number, deviation: number): Float32Array {
  const x = noise(product(shape), 1).map((v) => mean + deviation * v);
  x.fill(mean - 900 * deviation, 0, 1);
  return x;
}

const cases: {
  x: number[];
  per: "batch" | "instance";
  mean: number;
  deviation: number;
}[] = [
  { x: [2, 5, 7, 6], per: "batch", mean: 0.3, deviation: 1 },
  { x: [2, 1, 19, 39], per: "instance", mean: 0, deviation: 2 },
  { x: [3, 23, 17, 5], per: "batch", mean: 1000, deviation: 0.1 },
  { x: [2, 40, 31, 3], per: "instance", mean: 1000, deviation: 0.1 },
];

test.each(cases)(
  "statistics equal the float64 reference: x $x per $per, mean $mean, deviation $deviation",
  async ({ x, per, mean, deviation }) => {
    const xs = farFromZero(x, mean, deviation);
    const got = await evaluate((g, inputs) => ({ ...statistics(g, { x: inputs.tensor("x", x, xs), per }) }));
    const groups = per === "batch" ? 1 : x[0];
    const pixels = product(x) / x[3] / groups;
    const ref = statisticsReference(xs, groups, pixels, x[3]);
    expect(relativeError(got.mean, ref.mean)).toBeLessThan(sumError(64));
    for (let i = 0; i < ref.variance.length; i++) {
      expect(Math.abs(got.variance[i] / ref.variance[i] - 1)).toBeLessThan(sumError(pixels));
      expect(Math.abs(got.rstd[i] * Math.sqrt(ref.variance[i] + EPS) - 1)).toBeLessThan(sumError(pixels));
    }
  },
);

test("statistics of f16 values are summed in f32", async (context) => {
  if (!(await testDevice()).target.features.has("shader-f16")) context.skip();
  const x = [1, 64, 65, 3];
  const xs = noise(product(x), 3).map((v) => Math.round(v * 8) / 8 + 100);
  const got = await evaluate((g, inputs) => ({
    ...statistics(g, { x: inputs.tensor("x", x, xs, "f16"), per: "batch" }),
  }));
  const ref = statisticsReference(xs, 1, 64 * 65, 3);
  expect(relativeError(got.mean, ref.mean)).toBeLessThan(sumError(64));
  expect(relativeError(got.variance, ref.variance)).toBeLessThan(sumError(64 * 65));
});

test("inverseStd keeps padded lanes at zero", async () => {
  const device = await testDevice();
  const g = new Graph(device.target);
  // Read as 8 channels: the two padded lanes.
  const kept = g.keep("rstd", inverseStd(g, { variance: await external(g, "v", [6], new Float32Array(6).fill(2)) }));
  const program = await Program.compile(g, device, { name: "padding" });
  await program.run();
  expect([...new Float32Array(await device.download(kept.storage!))].slice(6)).toEqual([0, 0]);
  program.dispose();
});

test("of peers, 1/std is that of the variance or eps, whichever is more, and so is its gradient", async () => {
  const device = await testDevice();
  const shape = [1, 3, 5, 4];
  const pixels = 15;
  // The second channel's variance is under eps.
  const xs = noise(product(shape), 5).map((v, i) => (i % 4 === 1 ? 1e-3 * v : v) + 0.5);
  const [dmean, drstd] = [noise(4, 6), noise(4, 7)];
  const g = new Graph(device.target, { peers: true });
  const x = g.input("x", shape);
  const { mean, rstd, variance } = statistics(g, { x, per: "batch", synced: true });
  const seeds = new Map([
    [mean, times(g, g.input("dmean", [1, 4]), 1)],
    [rstd, times(g, g.input("drstd", [1, 4]), 1)],
  ]);
  g.output("rstd", rstd);
  g.output("variance", variance);
  g.output("dx", gradients(g, seeds, [x]).get(x)!);
  const program = await Program.compile(g, device);
  await program.run({ inputs: { x: xs, dmean, drstd }, exchange: exchanging((_, values) => Promise.resolve(values)) });
  const ref = statisticsReference(xs, 1, pixels, 4);
  const got = {
    rstd: await program.read("rstd"),
    variance: await program.read("variance"),
    dx: await program.read("dx"),
  };
  expect([...ref.variance].map((v) => v > EPS)).toEqual([true, false, true, true]);
  expect(relativeError(got.variance, ref.variance)).toBeLessThan(sumError(pixels));
  const rstds = [...ref.variance].map((v) => 1 / Math.sqrt(Math.max(v, EPS)));
  expect(relativeError(got.rstd, Float64Array.from(rstds))).toBeLessThan(sumError(pixels));
  const dx = xs.map((v, i) => {
    const c = i % 4;
    const slope = ref.variance[c] > EPS ? rstds[c] ** 3 * drstd[c] : 0;
    return (dmean[c] - slope * (v - ref.mean[c])) / pixels;
  });
  expect(relativeError(got.dx, dx)).toBeLessThan(sumError(pixels));
  program.dispose();
});
