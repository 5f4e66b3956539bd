// Borders along the edges of pixels.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Span } from "../../../src/studio/map/document.ts";
import { outline, type Loop } from "../../../src/studio/map/outline.ts";

const spansOf = (rows: readonly string[]): Span[] =>
  rows.flatMap((row, y) => [...row].flatMap((mark, x) => (mark === "#" ? [{ y, x0: x, x1: x + 1 }] : [])));

/** Unit edges of loops, each with the direction of the way. */
function edges(loops: readonly Loop[]): string[] {
  const found: string[] = [];
  for (const loop of loops)
    for (let i = 0; i < loop.length; i += 2) {
      let [x, y] = [loop[i], loop[i + 1]];
      const [endX, endY] = [loop[(i + 2) % loop.length], loop[(i + 3) % loop.length]];
      const [dx, dy] = [Math.sign(endX - x), Math.sign(endY - y)];
      // Straight, and not of no length.
      expect(Math.abs(dx) + Math.abs(dy)).toBe(1);
      for (; x !== endX || y !== endY; x += dx, y += dy) found.push(`${x},${y} ${dx},${dy}`);
    }
  return found.sort();
}

test("of a rectangle four corners, clockwise; of nothing none", () => {
  expect(outline([-2, -1].map((y) => ({ y, x0: -3, x1: 1 })))).toEqual([[-3, -2, 1, -2, 1, 0, -3, 0]]);
  expect(outline([])).toEqual([]);
  expect(outline([{ y: 1, x0: 3, x1: 3 }])).toEqual([]);
});

test("holes have borders of their own, the other way round; spans may overlap and come in any order", () => {
  const spans = [
    { y: 2, x0: 0, x1: 3 },
    { y: 1, x0: 2, x1: 3 },
    { y: 0, x0: 0, x1: 2 },
    { y: 0, x0: 1, x1: 3 },
    { y: 1, x0: 0, x1: 1 },
  ];
  expect(outline(spans)).toEqual([
    [0, 0, 3, 0, 3, 3, 0, 3],
    [1, 1, 1, 2, 2, 2, 2, 1],
  ]);
});

test("pixels that touch by a corner only are two borders", () => {
  expect(outline(spansOf(["#.", ".#"]))).toHaveLength(2);
  expect(outline(spansOf([".#", "#."]))).toHaveLength(2);
});

test("the border of any set is every edge between it and the rest, once", () => {
  const sets = fc.array(fc.array(fc.constantFrom("#", "."), { minLength: 7, maxLength: 7 }), { maxLength: 7 });
  fc.assert(
    fc.property(sets, (marks) => {
      const set = (x: number, y: number): boolean => marks[y]?.[x] === "#";
      const expected: string[] = [];
      for (let y = 0; y <= 7; y++)
        for (let x = 0; x <= 7; x++) {
          if (set(x, y) && !set(x, y - 1)) expected.push(`${x},${y} 1,0`);
          if (!set(x, y) && set(x, y - 1)) expected.push(`${x + 1},${y} -1,0`);
          if (set(x, y) && !set(x - 1, y)) expected.push(`${x},${y + 1} 0,-1`);
          if (!set(x, y) && set(x - 1, y)) expected.push(`${x},${y} 0,1`);
        }
      const loops = outline(spansOf(marks.map((row) => row.join(""))));
      expect(edges(loops)).toEqual(expected.sort());
      // Every corner is a turn.
      for (const loop of loops)
        for (let i = 0; i < loop.length; i += 2) {
          const [before, at, after] = [loop.at(i - 2), loop[i], loop[(i + 2) % loop.length]];
          expect((before === at) !== (at === after)).toBe(true);
        }
    }),
  );
});
