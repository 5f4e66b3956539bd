// Brushes, and what they set on their way.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Span } from "../../../src/studio/map/document.ts";
import { cornerOf, makeStamp, sweep, type Place } from "../../../src/studio/map/stamp.ts";
import { LARGEST, SHAPES, SMALLEST, type StampShape } from "../../../src/studio/settings.ts";

const SIZES = Array.from({ length: LARGEST - SMALLEST + 1 }, (_, i) => SMALLEST + i);

/** A stamp's rows as text. */
const drawn = (shape: StampShape, size: number): string[] =>
  [...makeStamp(shape, size).insets].map((i) => ".".repeat(i) + "#".repeat(size - 2 * i) + ".".repeat(i));
const area = (shape: StampShape, size: number): number =>
  [...makeStamp(shape, size).insets].reduce((sum, i) => sum + size - 2 * i, 0);
const pixelsOf = (spans: readonly Span[]): Set<string> =>
  new Set(spans.flatMap(({ y, x0, x1 }) => Array.from({ length: Math.max(x1 - x0, 0) }, (_, i) => `${x0 + i},${y}`)));

test("small stamps have these pixels", () => {
  expect(drawn("square", 2)).toEqual(["##", "##"]);
  expect(drawn("round", 1)).toEqual(["#"]);
  expect(drawn("round", 4)).toEqual([".##.", "####", "####", ".##."]);
  expect(drawn("round", 5)).toEqual([".###.", "#####", "#####", "#####", ".###."]);
  expect(drawn("diamond", 3)).toEqual([".#.", "###", ".#."]);
  expect(drawn("diamond", 6)).toEqual(["..##..", ".####.", "######", "######", ".####.", "..##.."]);
});

test.each(SHAPES)(
  "%s stamps of every size are symmetrical, fill their size and are larger than the one before",
  (shape) => {
    for (const size of SIZES) {
      const rows = drawn(shape, size);
      expect(rows.toReversed()).toEqual(rows);
      const columns = rows.map((_, x) => rows.map((row) => row[x]).join(""));
      expect(columns).toEqual(rows);
      expect(rows.some((row) => row === "#".repeat(size))).toBe(true);
      expect(rows.every((row) => row.includes("#"))).toBe(true);
      expect(area(shape, size)).toBeGreaterThan(size > 1 ? area(shape, size - 1) : 0);
    }
  },
);

test("a round stamp holds the pixels whose centres are within the radius", () => {
  for (const size of SIZES) {
    const radius = size / 2;
    const within = (x: number, y: number): boolean =>
      (x + 0.5 - radius) ** 2 + (y + 0.5 - radius) ** 2 <= radius * radius;
    const indices = [...Array(size).keys()];
    expect(drawn("round", size)).toEqual(indices.map((y) => indices.map((x) => (within(x, y) ? "#" : ".")).join("")));
  }
});

test("odd stamps stand on the pixel, even ones on the nearest corner", () => {
  expect(cornerOf({ x: 7.01, y: 7.99 }, 1)).toEqual({ x: 7, y: 7 });
  expect(cornerOf({ x: 7.01, y: 7.99 }, 3)).toEqual({ x: 6, y: 6 });
  expect(cornerOf({ x: 7.4, y: 7.6 }, 2)).toEqual({ x: 6, y: 7 });
  expect(cornerOf({ x: 7.4, y: 7.6 }, 64)).toEqual({ x: -25, y: -24 });
});

const place = fc.record({
  x: fc.double({ min: -20, max: 40, noNaN: true }),
  y: fc.double({ min: -20, max: 40, noNaN: true }),
});

test("a sweep is the stamp at each pixel of a way without gaps, both ends included", () => {
  fc.assert(
    fc.property(fc.constantFrom(...SHAPES), fc.integer({ min: 1, max: 9 }), place, place, (shape, size, from, to) => {
      const stamp = makeStamp(shape, size);
      const [a, b] = [cornerOf(from, size), cornerOf(to, size)];
      const steps = Math.max(Math.abs(b.x - a.x), Math.abs(b.y - a.y));
      const way: Place[] = Array.from({ length: steps + 1 }, (_, i) => ({
        x: a.x + Math.round(((b.x - a.x) * i) / (steps || 1)),
        y: a.y + Math.round(((b.y - a.y) * i) / (steps || 1)),
      }));
      way.slice(1).forEach(({ x, y }, i) => {
        expect(Math.max(Math.abs(x - way[i].x), Math.abs(y - way[i].y))).toBe(1);
      });
      const expected = new Set(
        way.flatMap(({ x, y }) =>
          [...stamp.insets].flatMap((inset, r) => [...pixelsOf([{ y: y + r, x0: x + inset, x1: x + size - inset }])]),
        ),
      );
      expect(pixelsOf(sweep(stamp, from, to))).toEqual(expected);
    }),
  );
});

test("one span for each row, in order", () => {
  const spans = sweep(makeStamp("round", 5), { x: 3, y: 3 }, { x: 30, y: 10 });
  expect(spans.map(({ y }) => y)).toEqual(Array.from({ length: 12 }, (_, i) => 1 + i));
});
