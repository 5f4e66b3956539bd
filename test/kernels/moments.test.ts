// The moments that Winograd's output transform computes beside its result: what statistics makes of them equals its own pass over x.

import { describe, expect, test } from "vitest";
import { conv2d, packConv } from "../../kernels/conv/conv2d.ts";
import type { ConvArgs } from "../../kernels/conv/conv_args.ts";
import { winogradWeights } from "../../kernels/conv/winograd.ts";
import { winogradMoments } from "../../kernels/conv/winograd_moments.ts";
import { statistics } from "../../kernels/norm/statistics.ts";
import { Graph, product, type Tensor } from "../../src/runtime/index.ts";
import { statisticsReference } from "../reference/statistics.ts";
import { evaluate, noise, testDevice, type EvaluateOptions, type Inputs } from "../support/device.ts";
import { sumError } from "../tolerances.ts";

interface Case {
  x: number[];
  cout: number;
  /** Of every channel's mean. */
  bias?: number;
  residual?: "same" | "half";
  dtype?: "f32" | "f16";
}

/** A conv of 3x3 by Winograd whose results deviate by about 1, and the statistics of its result. */
function record(g: Graph, inputs: Inputs, { x, cout, bias = 0, residual, dtype = "f32" }: Case, moments: boolean) {
  const [n, h, w, cin] = x;
  const oihw = [cout, cin, 3, 3];
  const { data, shape } = packConv(
    noise(product(oihw), 2).map((v) => v / Math.sqrt(cin)),
    oihw,
  );
  const weights = inputs.tensor("w", shape, data, dtype);
  const args: ConvArgs = { x: inputs.tensor("x", x, noise(product(x), 1), dtype), w: weights, kh: 3, kw: 3, pad: 1 };
  const by = residual === "half" ? 2 : 1;
  const added = [n, h / by, w / by, cout];
  const y = conv2d(g, {
    ...args,
    bias: inputs.tensor("b", [cout], new Float32Array(cout).fill(bias), dtype),
    residual: residual && inputs.tensor("r", added, noise(product(added), 3), dtype),
    winograd: winogradWeights(g, { w: weights }),
    moments: moments ? winogradMoments : undefined,
  });
  return { y, ...statistics(g, { x: y, per: "batch" }) };
}

const both = (c: Case, options?: EvaluateOptions) =>
  Promise.all([true, false].map((moments) => evaluate((g, inputs) => record(g, inputs, c, moments), options)));

const cases: Case[] = [
  { x: [1, 8, 8, 4], cout: 4 },
  { x: [2, 7, 9, 8], cout: 6 },
  { x: [3, 5, 1, 4], cout: 8 },
  // Several slices of tiles, the last one short.
  { x: [2, 39, 51, 8], cout: 8 },
  { x: [1, 64, 64, 4], cout: 4, bias: 1000 },
  { x: [1, 12, 20, 8], cout: 8, residual: "same" },
  { x: [2, 12, 20, 8], cout: 8, residual: "half" },
];

describe("moments of a convolution's result", () => {
  test.each(cases)("$x to $cout, bias $bias, residual $residual: as the float64 reference of the result", async (c) => {
    const [with_, without] = await both(c);
    expect(with_.y).toEqual(without.y);
    const pixels = product(c.x.slice(0, 3));
    const ref = statisticsReference(with_.y, 1, pixels, c.cout);
    ref.variance.forEach((v, i) => {
      const size = Math.abs(ref.mean[i]) + Math.sqrt(v);
      expect(Math.abs(with_.mean[i] - ref.mean[i]) / size).toBeLessThan(sumError(64));
      expect(Math.abs(with_.variance[i] / v - 1)).toBeLessThan(sumError(pixels));
      expect(Math.abs(with_.rstd[i] * Math.sqrt(v + 1e-5) - 1)).toBeLessThan(sumError(pixels));
    });
  });

  test("in f16 they are of the values before these are rounded", async (context) => {
    if (!(await testDevice()).target.features.has("shader-f16")) context.skip();
    const c: Case = { x: [1, 32, 32, 8], cout: 8, dtype: "f16" };
    const [{ y, mean, variance }] = await both(c);
    const ref = statisticsReference(y, 1, 1024, 8);
    const rounding = 2 ** -11 * y.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    expect(mean.every((v, i) => Math.abs(v - ref.mean[i]) < rounding)).toBe(true);
    expect(variance.every((v, i) => Math.abs(v - ref.variance[i]) < 2 * rounding * Math.sqrt(ref.variance[i]))).toBe(
      true,
    );
  });

  test("need no pass over the result; a variant that does not compute them, and statistics of each image, take one", async () => {
    const { target } = await testDevice();
    const passes = (body: (g: Graph, x: Tensor, w: Tensor) => void): number => {
      const g = new Graph(target);
      body(g, g.input("x", [2, 8, 8, 4]), g.input("w", [9, 4, 4]));
      return g.dispatches.filter(({ shader }) => shader.name === "statistics_slices").length;
    };
    const conv = { kh: 3, kw: 3, pad: 1, moments: winogradMoments };
    const made = (g: Graph, x: Tensor, w: Tensor): Tensor =>
      conv2d(g, { ...conv, x, w, winograd: winogradWeights(g, { w }) });
    expect(passes((g, x, w) => statistics(g, { x: made(g, x, w), per: "batch" }))).toBe(0);
    expect(passes((g, x, w) => statistics(g, { x: made(g, x, w), per: "instance" }))).toBe(1);
    expect(passes((g, x, w) => statistics(g, { x: conv2d(g, { ...conv, x, w }), per: "batch" }))).toBe(1);
  });
});
