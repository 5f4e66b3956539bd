// A dictionary that lives on: against a dictionary of each map alone.

import fc from "fast-check";
import { expect, test } from "vitest";
import { LiveWindows } from "../../src/labels/dictionary.ts";
import { buildWindows, type LevelWindows } from "../../src/labels/windows.ts";

/** Each pixel's outer window written out as codes, from rows of windows of inner ids and windows of codes. */
function spelled(ids: Int32Array, outer: Int32Array, inner: Int32Array, k: number): string[] {
  const taps = k * k;
  const row = (table: Int32Array, i: number): Int32Array => table.subarray(i * taps, (i + 1) * taps);
  const known = new Map<number, string>();
  return Array.from(ids, (id) => {
    if (!known.has(id)) known.set(id, Array.from(row(outer, id), (i) => row(inner, i).join()).join(";"));
    return known.get(id)!;
  });
}

/** What tables would hold: rows as they were appended, with windows of codes in place of sums. */
class HostTable {
  generation = -1;
  rows: string[] = [];

  /** @returns how many rows were made */
  take({ live, k }: LevelWindows): number {
    const from = live!.generation === this.generation ? this.rows.length : 0;
    this.generation = live!.generation;
    const { innerWindows, innerCount, outerWindows, outerCount, picks, pickCount } = live!.rowsFrom(from);
    const taps = k * k;
    expect(innerWindows).toHaveLength(innerCount * taps);
    expect(outerWindows).toHaveLength(outerCount * taps);
    expect(picks).toHaveLength(pickCount! * taps);
    expect(Math.max(0, ...outerWindows)).toBeLessThan(pickCount!);
    expect(pickCount).toBeLessThanOrEqual(Math.min(innerCount, outerCount + 1));
    const inner = outerWindows.map((place, i) => picks![place * taps + (i % taps)]);
    const ids = Int32Array.from({ length: outerCount }, (_, i) => i);
    this.rows = [...this.rows.slice(0, from), ...spelled(ids, inner, innerWindows, k)];
    expect(this.rows).toHaveLength(live!.total);
    return outerCount;
  }
}

const cases = fc.record({
  images: fc.integer({ min: 1, max: 2 }),
  h: fc.integer({ min: 1, max: 14 }),
  w: fc.integer({ min: 1, max: 14 }),
  k: fc.constantFrom(1, 3, 5),
  edits: fc.array(
    fc.record({
      x: fc.nat(13),
      y: fc.nat(13),
      size: fc.integer({ min: 1, max: 6 }),
      code: fc.nat(5),
      noise: fc.boolean(),
      seed: fc.nat(1000),
    }),
    { minLength: 1, maxLength: 25 },
  ),
});

test("after any edits, every pixel's row is that of its window, and only new windows are made", () => {
  fc.assert(
    fc.property(cases, ({ images, h, w, k, edits }) => {
      const live = new LiveWindows();
      const table = new HostTable();
      const codes = new Int32Array(images * h * w);
      for (const { x, y, size, code, noise, seed } of edits) {
        for (let j = y; j < Math.min(h, y + size); j++)
          for (let i = x; i < Math.min(w, x + size); i++)
            codes[j * w + i] = noise ? Math.imul(seed + j * 31 + i, 0x9e3779b1) >>> 29 : code;
        const input = { codes, images, h, w, k };
        const alone = buildWindows(input);
        const before = { rows: new Set(table.rows), generation: table.generation };
        const lw = live.update(input);
        expect(lw.innerCount).toBe(alone.innerCount);
        expect(lw.outerCount).toBe(alone.outerCount);
        expect(lw.live!.total).toBeLessThanOrEqual(2 * alone.outerCount);
        const made = table.take(lw);
        const wanted = spelled(alone.outerIds, alone.outerWindows, alone.innerWindows, k);
        expect(Array.from(lw.outerIds, (id) => table.rows[id])).toEqual(wanted);
        if (lw.live!.generation === before.generation)
          expect(made).toBe([...new Set(wanted)].filter((window) => !before.rows.has(window)).length);
      }
    }),
    { numRuns: 150 },
  );
});

test("a map numbered anew is a dictionary of its own, and the next map goes on from it", () => {
  const live = new LiveWindows();
  const input = (codes: Int32Array) => ({ codes, images: 1, h: 9, w: 11, k: 3 });
  const first = Int32Array.from({ length: 99 }, (_, i) => (i * 7) % 5);
  const second = first.slice();
  second.fill(4, 30, 37);
  live.update(input(first));
  const { live: numbers, ...anew } = live.update(input(second)).live!.anew();
  expect(anew).toEqual(buildWindows(input(second)));
  const again = live.update(input(second));
  expect(again.live!.generation).toBe(numbers!.generation);
  expect(again.live!.rowsFrom(numbers!.total).outerCount).toBe(0);
});
