// Shape rules: sizes as published, and what is refused with which words. No adapter is needed.

import { describe, expect, test } from "vitest";
import { convTransposePlan } from "../../kernels/conv/conv_transpose.ts";
import { linearBand, linearPlan } from "../../kernels/conv/linear.ts";
import { gradients } from "../../kernels/gradients.ts";
import { labelConvPlan, labelConvSlices } from "../../kernels/labels/label_conv.ts";
import { labelPoolPlan } from "../../kernels/labels/label_pool.ts";
import { ganLossPlan } from "../../kernels/loss/gan_loss.ts";
import { l1MeanPlan } from "../../kernels/loss/l1_mean.ts";
import { addNoisePlan } from "../../kernels/norm/add_noise.ts";
import { modulatePlan } from "../../kernels/norm/modulate.ts";
import { normalisePlan } from "../../kernels/norm/normalise.ts";
import { normalPlane } from "../../kernels/norm/normal_plane.ts";
import { packV, unpackV } from "../../kernels/norm/spectral.ts";
import { statisticsPlan } from "../../kernels/norm/statistics.ts";
import { adamPlan } from "../../kernels/optim/adam.ts";
import { ema, emaFactors } from "../../kernels/optim/ema.ts";
import { add, addPlan } from "../../kernels/shape/add.ts";
import { addSharedPlan } from "../../kernels/shape/add_shared.ts";
import { avgPoolPlan } from "../../kernels/shape/avg_pool.ts";
import { concatPlan } from "../../kernels/shape/concat.ts";
import { maxPoolPlan } from "../../kernels/shape/max_pool.ts";
import { reflectPadPlan } from "../../kernels/shape/reflect_pad.ts";
import { slicePlan } from "../../kernels/shape/slice.ts";
import { Graph, paperTarget } from "../../src/runtime/index.ts";
import { noise } from "../support/device.ts";

const published = { k: 3, stride: 2, pad: 1, outputPadding: 1 };
const halving = { k: 4, stride: 2, pad: 2 };
const ids = { x: [1, 4, 4, 8], mean: [1, 8], rstd: [1, 8], gamma: [4, 8], beta: [4, 8], ids: [1, 12, 12] };
const moments = { p: [4, 8], m: [4, 8], v: [4, 7], grad: [4, 8] };
const g = new Graph(paperTarget());
const [four, five] = [g.input("four", [4]), g.input("five", [5])];

describe("is refused", () => {
  test.each<[string, RegExp, () => unknown]>([
    ["a sum of other shapes", /\[1,4,4,8\] and \[1,4,4,4\] differ/, () => addPlan([1, 4, 4, 8], [1, 4, 4, 4])],
    ["sharing among no multiple", /does not divide/, () => addSharedPlan([3, 4], [2, 4])],
    ["a range outside the axis", /no 2\.\.4 along axis 1/, () => slicePlan([2, 3], 1, 2, 2)],
    ["joining along the wrong axis", /differ beside axis 1/, () => concatPlan([2, 3], [3, 4], 1)],
    ["a window larger than x", /no 2x2 window/, () => maxPoolPlan([1, 1, 4, 1], 2, 2)],
    ["a window with too many places", /window of 16x16/, () => maxPoolPlan([1, 20, 20, 1], 16, 2)],
    ["a pad over the picture", /has no 3 pixels beside its border/, () => reflectPadPlan([1, 3, 5, 2], 3)],
    ["ids of another size", /ids \[1,12,12\] do not fit x \[1,4,4,8\]/, () => modulatePlan(ids, true)],
    [
      "a plane of another size",
      /plane \[16\] .* do not fit x \[1,4,4,8\] times 2; give a plane \[64\]/,
      () => addNoisePlan([1, 4, 4, 8], 2, [16], [8]),
    ],
    ["a seed of one word", /no seed/, () => normalPlane(g, { seed: four, layer: 0, n: 4 })],
    ["rstd of three", /rstd/, () => modulatePlan({ ...ids, ids: [1, 4, 4], rstd: [3, 8] }, true)],
    [
      "statistics of three for two",
      /3 rows of statistics for 2 images/,
      () => normalisePlan([2, 3, 3, 8], [3, 8], [3, 8], []),
    ],
    ["a weight alone", /weight and bias/, () => normalisePlan([2, 3, 3, 8], [1, 8], [1, 8], [[8], undefined])],
    ["one value a channel, as by PyTorch", /1 value a channel/, () => statisticsPlan([1, 1, 1, 8], "batch")],
    ["one value an instance", /1 value a channel/, () => statisticsPlan([4, 1, 1, 8], "instance")],
    ["features of another layer", /alike/, () => l1MeanPlan([2, 3], [2, 4])],
    ["images that are not there", /no images 1\.\.3/, () => ganLossPlan([2, 4, 4, 1], 1, 2)],
    ["moments of another parameter", /v \[4,7\] is not p's \[4,8\]/, () => adamPlan(moments)],
    ["a decay that forgets nothing", /decay of 1/, () => emaFactors(1)],
    ["an average of another shape", /five f32\[5\] goes into four f32\[4\]/, () => ema(g, { y: four, x: five })],
    ["a result of another size", /does not hold/, () => linearPlan([1, 4], [4, 24], [1, 2, 2, 5])],
    ["weights of another layer", /do not fit/, () => convTransposePlan([1, 16, 8, 64], [9, 60, 32], published)],
    [
      "an output padding of the stride",
      /less than the stride/,
      () => convTransposePlan([1, 4, 4, 4], [9, 4, 4], { ...published, outputPadding: 2 }),
    ],
    ["another kernel size", /4x4 kernel/, () => labelConvPlan([1, 4, 4], [9, 8, 4], { ...halving, edgeRow: -1 })],
    [
      "mirroring over the map",
      /has no 3 pixels/,
      () => labelConvPlan([1, 3, 9], [49, 8, 4], { k: 7, stride: 1, pad: 3, mirror: true, edgeRow: -1 }),
    ],
    ["an edge behind the channels", /channel 5 of 5/, () => labelPoolPlan([1, 4, 4], 5, 5)],
  ])("%s", (_, message, call) => expect(call).toThrow(message));
});

test("sizes are torch's", () => {
  expect(avgPoolPlan([1, 256, 255, 3])).toEqual([1, 128, 128, 3]);
  expect(maxPoolPlan([1, 5, 4, 1], 2, 2)).toEqual([1, 2, 2, 1]);
  expect(maxPoolPlan([1, 6, 7, 1], 3, 2, true)).toEqual([1, 3, 3, 1]);
  expect(maxPoolPlan([1, 109, 29, 1], 3, 2, true)).toEqual([1, 54, 14, 1]);
  expect(reflectPadPlan([1, 4, 5, 2], 3)).toEqual([1, 10, 11, 2]);
  expect(convTransposePlan([1, 16, 8, 64], [9, 64, 32], published).out).toEqual([1, 32, 16, 32]);
  expect(labelConvPlan([2, 256, 256], [16, 188, 64], { ...halving, edgeRow: 183 })).toEqual([2, 129, 129, 64]);
});

test("a norm over one value counts the values that it sees upsampled", () => {
  expect(statisticsPlan([1, 1, 1, 8], "batch", 4).slices).toBe(1);
});

test("partial tables stay within their room, bands keep the alignment", () => {
  expect(labelConvSlices(2 * 129 * 129, 16 * 188 * 64 * 4).slices).toBeLessThanOrEqual(21);
  expect(labelConvSlices(10, 1 << 30)).toEqual({ slices: 1, len: 10 });
  expect(linearBand(512, 131072 * 4, 134217728)).toBe(256);
  expect(linearBand(256, 65536 * 4, 134217728)).toBe(256);
});

test("add gives its gradient to both, and copies nothing", () => {
  const graph = new Graph(paperTarget());
  const [a, b, dy] = ["a", "b", "dy"].map((name) => graph.input(name, [1, 2, 3, 5]));
  const made = gradients(graph, new Map([[add(graph, { a, b }), dy]]), [a, b]);
  expect([made.get(a), made.get(b)]).toEqual([dy, dy]);
});

test("packV and unpackV undo each other", () => {
  const v = noise(3 * 2 * 4, 1);
  expect(unpackV(packV(v, 3, 2, 4), 3, 2, 4)).toEqual(v);
  expect(packV(v, 3, 2, 4)[1]).toBe(v[8]);
});
