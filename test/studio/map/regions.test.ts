// Fills, labels, rectangles, locks: sets of pixels.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Span } from "../../../src/studio/map/document.ts";
import { connected, ofLabel, pixelAt, rectangle, unlocked, type Ids } from "../../../src/studio/map/regions.ts";

const mapOf = (...rows: string[]): Ids => ({
  width: rows[0].length,
  height: rows.length,
  ids: Uint8Array.from(rows.join(""), Number),
});
/** The map with # where the spans are; fails where they overlap or leave it. */
function marked({ width, height }: Ids, spans: readonly Span[]): string[] {
  const marks = Array.from({ length: height }, () => Array<string>(width).fill("."));
  for (const { y, x0, x1 } of spans) {
    expect(x0 >= 0 && x1 <= width && x0 < x1).toBe(true);
    for (let x = x0; x < x1; x++) {
      expect(marks[y][x]).toBe(".");
      marks[y][x] = "#";
    }
  }
  return marks.map((row) => row.join(""));
}

const RING = mapOf("00000", "01110", "01010", "01111", "00001");

test("a fill goes through sides, not through corners, and not around the map's edge", () => {
  expect(marked(RING, connected(RING, 0))).toEqual(["#####", "#...#", "#...#", "#....", "####."]);
  expect(marked(RING, connected(RING, 12))).toEqual([".....", ".....", "..#..", ".....", "....."]);
  expect(marked(RING, connected(RING, 24))).toEqual([".....", ".###.", ".#.#.", ".####", "....#"]);
  const edges = mapOf("001", "100");
  expect(marked(edges, connected(edges, 2))).toEqual(["..#", "..."]);
});

test("all pixels of a label", () => {
  expect(marked(RING, ofLabel(RING, 1))).toEqual([".....", ".###.", ".#.#.", ".####", "....#"]);
  expect(marked(RING, ofLabel(RING, 0))).toEqual(["#####", "#...#", "#.#.#", "#....", "####."]);
  expect(ofLabel(RING, 7)).toEqual([]);
});

const anyMap = fc.integer({ min: 1, max: 9 }).chain((width) =>
  fc.integer({ min: 1, max: 9 }).chain((height) =>
    fc.record({
      width: fc.constant(width),
      height: fc.constant(height),
      ids: fc.uint8Array({ minLength: width * height, maxLength: width * height, max: 2 }),
    }),
  ),
);

test("a fill reaches what a walk from pixel to pixel reaches", () => {
  fc.assert(
    fc.property(anyMap, fc.nat(), (map, n) => {
      const { width, height, ids } = map;
      const from = n % ids.length;
      const reached = new Set([from]);
      for (const p of reached) {
        const x = p % width;
        if (x > 0 && ids[p - 1] === ids[from]) reached.add(p - 1);
        if (x < width - 1 && ids[p + 1] === ids[from]) reached.add(p + 1);
        if (p >= width && ids[p - width] === ids[from]) reached.add(p - width);
        if (p < width * (height - 1) && ids[p + width] === ids[from]) reached.add(p + width);
      }
      const text = [...marked(map, connected(map, from)).join("")];
      expect(new Set(text.flatMap((mark, p) => (mark === "#" ? [p] : [])))).toEqual(reached);
    }),
  );
});

test("what is locked or outside is cut out of spans", () => {
  const spans = [-1, 0, 2, 4, 5].map((y) => ({ y, x0: -3, x1: 4 }));
  expect(marked(RING, unlocked(RING, spans, new Set([1])))).toEqual(
    ["####.", ".....", "#.#.", ".....", "####."].map((r) => r.padEnd(5, ".")),
  );
  expect(marked(RING, unlocked(RING, spans, new Set([0, 1])))).toEqual(Array(5).fill("....."));
});

test("a rectangle holds both its corners, whichever they are", () => {
  const expected = [2, 3].map((y) => ({ y, x0: 1, x1: 4 }));
  expect(rectangle({ x: 1.2, y: 2.9 }, { x: 3.1, y: 3.5 })).toEqual(expected);
  expect(rectangle({ x: 3.1, y: 2 }, { x: 1, y: 3 })).toEqual(expected);
  expect(rectangle({ x: -0.5, y: 0 }, { x: -0.5, y: 0 })).toEqual([{ y: 0, x0: -1, x1: 0 }]);
});

test("a place is in the pixel that holds it, or in none", () => {
  expect(pixelAt(RING, { x: 1.9, y: 2.1 })).toBe(11);
  expect([-0.1, 5].map((x) => pixelAt(RING, { x, y: 0 }))).toEqual([undefined, undefined]);
  expect([-0.1, 5].map((y) => pixelAt(RING, { x: 0, y }))).toEqual([undefined, undefined]);
});
