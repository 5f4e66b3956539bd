// The start maps: twelve, small, of the nets' sizes and labels, unlike each other.

import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { maps as first } from "../../../src/studio/starts/first.ts";
import { maps as more } from "../../../src/studio/starts/more.ts";
import { startIds, STARTS, startsOf } from "../../../src/studio/starts/starts.ts";

const folder = new URL("../../../src/studio/starts/", import.meta.url);

test("eight landscapes and four streets, each with a name of its own; the very first is there at once", () => {
  expect([startsOf("landscape").length, startsOf("street").length, startsOf("other").length]).toEqual([8, 4, 0]);
  expect(new Set(STARTS.map(({ name }) => name)).size).toBe(12);
  expect(Object.keys(first)).toEqual([STARTS[0].id]);
  expect(Object.keys({ ...first, ...more }).sort()).toEqual(STARTS.map(({ id }) => id).sort());
});

test("each map has its net's size and labels, at least five of them, and takes less than 1.5 kB", async () => {
  for (const start of STARTS) {
    const ids = await startIds(start);
    expect(ids.length).toBe(start.width * start.height);
    const used = new Set(ids);
    expect(Math.max(...used), start.id).toBeLessThan(start.net === "landscape" ? 16 : 11);
    expect(used.size, start.id).toBeGreaterThanOrEqual(5);
    expect({ ...first, ...more }[start.id].length * 0.75).toBeLessThan(1500);
  }
});

test("two maps of a net differ in at least a quarter of their pixels", async () => {
  for (const net of ["landscape", "street"]) {
    const maps = await Promise.all(startsOf(net).map(startIds));
    for (const [i, a] of maps.entries())
      for (const b of maps.slice(i + 1)) expect(a.filter((id, p) => id !== b[p]).length).toBeGreaterThan(a.length / 4);
  }
});

test("each poster is a WebP of less than 6 kB", () => {
  for (const { id } of STARTS) {
    const path = fileURLToPath(new URL(`posters/${id}.webp`, folder));
    expect(statSync(path).size).toBeLessThan(6000);
    expect(readFileSync(path).toString("latin1", 8, 12)).toBe("WEBP");
  }
});
