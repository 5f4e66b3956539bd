import { expect, test } from "vitest";
import { inverseStd, statistics } from "../../kernels/norm/statistics.ts";
import { product, Program, Graph } from "../../src/runtime/index.ts";
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
