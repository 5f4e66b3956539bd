// The lab: every lesson's kernel still gives the production kernel's result, and a contest refuses one that does not.

import { expect, test } from "vitest";
import { hold, type Contest, type Entry } from "../../bench/lab/contest.ts";
import { LESSONS } from "../../bench/lab/lessons.ts";
import { openNodeDevice } from "../../src/node/dawn.ts";

test.each(LESSONS)("$title", async (lesson) => {
  const device = await openNodeDevice();
  for await (const contest of lesson.contests(device)) {
    const { error, ratio } = await hold(lesson.title, contest, 1);
    expect(error).toBeLessThanOrEqual(contest.tolerance);
    expect(ratio).toBeGreaterThan(0);
    // The others differ in size alone.
    break;
  }
});

const entry = (name: string, values: number[], order: string[]): Entry => ({
  name,
  run: () => Promise.resolve(void order.push(name)),
  read: () => Promise.resolve(Float32Array.from(values)),
  dispose: () => void order.push(`${name} freed`),
});
const contest = (order: string[], lost: number[]): Contest => ({
  shape: "of two",
  production: entry("A", [1, -4], order),
  lost: entry("B", lost, order),
  tolerance: 0.01,
});

test("runs take turns, each first as often as the other, after one that is not timed", async () => {
  const order: string[] = [];
  const { error, ms } = await hold("lesson", contest(order, [1.02, -4]), 2);
  expect(error).toBeCloseTo(0.005, 6);
  expect([ms.production.length, ms.lost.length]).toEqual([2, 2]);
  expect(order).toEqual(["A", "B", "A", "B", "B", "A", "A freed", "B freed"]);
});

test.each([
  ["another result", [1, -3]],
  ["a result that is not finite", [NaN, -4]],
])("%s is an error, and frees both", async (_, lost) => {
  const order: string[] = [];
  await expect(hold("lesson", contest(order, lost), 2)).rejects.toThrow(/^lesson, of two: B differs from A by /);
  expect(order.slice(-2)).toEqual(["A freed", "B freed"]);
});
