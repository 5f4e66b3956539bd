// What bench tune compares: every choice between variants is computed alone, and all its candidates agree.

import { expect, test } from "vitest";
import { conv2d } from "../../kernels/conv/conv2d.ts";
import { VARIANTS } from "../../kernels/parts/variants.ts";
import { largestError } from "../../bench/lab/contest.ts";
import { asked, candidates, choiceOf, openAlone } from "../../bench/lib/choices.ts";
import { Graph } from "../../src/runtime/index.ts";
import { testDevice } from "../support/device.ts";
import { sumError } from "../tolerances.ts";

/** Terms of the longest sum of these shapes: 9 taps of 32 channels. */
const LONGEST = 9 * 32;
const KEYS = [
  "conv2d 3x3/1 32->32 at 12x10",
  "conv2d 1x1/1 16->8 at 9x9",
  "conv2d 4x4/2 8->12 at 14x14",
  "conv2d_dx 3x3/1 16->16 at 10x12",
  "conv2d_dx 4x4/2 8->12 at 14x14",
  "weight_gradient 3x3/1 32->16 to 10x12",
  "weight_gradient 4x4/2 8->12 to 8x8",
  "depthwise_conv 3x3/1d2 16 at 11x11",
  "gemm 9 x 64x16x32",
];
/** Nothing computes these alone. */
const LEFT = ["label_table_dw 16->32", "gemm 1 x 4x256x64"];

test("a key is read back as the shape that it was written for, of every op", () => {
  for (const key of [...KEYS, ...LEFT]) {
    const { op, shape } = choiceOf(key);
    expect(`${op} ${(VARIANTS[op].describe as (s: unknown) => string)(shape)}`).toBe(key);
  }
  expect([...new Set([...KEYS, ...LEFT].map((key) => choiceOf(key).op))].sort()).toEqual(Object.keys(VARIANTS).sort());
});

test("a recording tells what it chose", async () => {
  const { target } = await testDevice();
  const variants = { "conv2d 3x3/1 8->8 at 8x8": "direct" };
  const keys = asked({ ...target, variants }, (asking) => {
    const g = new Graph(asking);
    const [x, w] = [g.input("x", [1, 8, 8, 4]), g.input("w", [9, 4, 8])];
    conv2d(g, { x, w, kh: 3, kw: 3, pad: 1 });
  });
  expect(keys).toEqual(["conv2d 3x3/1 4->8 at 8x8"]);
});

test.each(KEYS)("%s", async (key) => {
  const device = await testDevice();
  const choice = choiceOf(key);
  const plans = candidates(device, choice, {}, "f32")!;
  expect(plans.length).toBeGreaterThan(1);
  expect(new Set(plans.map((plan) => JSON.stringify(plan))).size).toBe(plans.length);
  const results: Float32Array[] = [];
  for (const plan of plans) {
    const { program, counts, dispose } = await openAlone(device, choice, plan, "f32");
    await program.run({ counts });
    results.push(await program.read("y"));
    dispose();
  }
  for (const [i, y] of results.entries())
    expect(largestError(y, results.at(-1)!), JSON.stringify(plans[i])).toBeLessThan(sumError(LONGEST));
  expect(results[0].some((v) => v !== 0)).toBe(true);
});

test.each(LEFT)("%s is left as it is", async (key) => {
  expect(candidates(await testDevice(), choiceOf(key), {}, "f32")).toBeUndefined();
});

test("a product that is settled is not chosen again", async () => {
  const device = await testDevice();
  const choice = choiceOf(KEYS[0]);
  const open = candidates(device, choice, {}, "f32")!;
  const inside = Object.keys(open.find((plan) => plan[choice.key] === "winograd")!).find((k) => k.startsWith("gemm "))!;
  const settled = candidates(device, choice, { [inside]: "portable" }, "f32")!;
  expect(settled.length).toBeLessThan(open.length);
  for (const plan of settled) expect(plan).not.toHaveProperty([inside]);
});
