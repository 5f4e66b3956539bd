import { expect, test } from "vitest";
import {
  idLists,
  labelLists,
  labelListShapes,
  listShapes,
  ListScratch,
  PART,
  pixelLists,
  tapLists,
  tapListShapes,
  type HostLists,
} from "../../src/labels/lists.ts";
import { noise } from "../support/device.ts";
import { windowsOf } from "../support/windows.ts";

/** Items of each segment (0: the whole table's), as a kernel walks them; checks that parts tile what is cut. */
function walk({ order, rows, parts }: HostLists): number[][] {
  const cut = new Map<number, number[]>();
  for (let p = 1, left = 0; p <= parts[0]; p++) {
    const [start, end, row, n] = parts.subarray(4 * p);
    if (n) left = n;
    expect(n > 0 || left > 0).toBe(true);
    expect(end - start).toBeGreaterThan(0);
    expect(end - start).toBeLessThanOrEqual(Math.max(PART, Math.ceil(Math.sqrt(order.length))));
    if (n) expect(start).toBe(rows[2 * row]);
    cut.set(row, [...(cut.get(row) ?? []), ...order.subarray(start, end)]);
    left--;
  }
  expect(rows.length).toBe(2 * (rows[0] + 2));
  return Array.from({ length: rows[0] + 1 }, (_, s) => {
    const [start, n] = rows.subarray(2 * s + 2);
    if (n < 0) expect(cut.get(s + 1)!.length).toBe(-n);
    return n < 0 ? cut.get(s + 1)! : [...order.subarray(start, start + n)];
  });
}

const fits = (lists: HostLists, shapes: ReturnType<typeof listShapes>): void => {
  for (const key of ["order", "rows", "parts"] as const) {
    expect(lists[key].length).toBeLessThanOrEqual(shapes[key].reduce((a: number, b: number) => a * b, 1));
  }
};

test.each([0, 1, 129, 2000, 40_000])("ids of %s items come back sorted, long segments cut", (n) => {
  // Half of the items in one segment, some segments empty.
  const ids = Int32Array.from(noise(Math.max(1, n), 3).subarray(0, n), (v) => (v < 0 ? 4 : Math.floor(v * 9)));
  const lists = idLists(ids, 11);
  fits(lists, listShapes(n, 11));
  const expected = Array.from({ length: 11 }, (_, s) => [...ids.keys()].filter((i) => ids[i] === s));
  expect(walk(lists)).toEqual([[], ...expected]);
});

test("pixels are listed by outer id, as row and column, one scratch for several maps", () => {
  const scratch = new ListScratch();
  for (const shape of [
    [2, 13, 9],
    [1, 40, 37],
    [1, 1, 5],
  ]) {
    const lw = windowsOf(shape, { plain: shape[1] === 40 });
    const segments = walk(pixelLists(lw, scratch));
    expect(segments.length).toBe(lw.outerCount + 1);
    segments.slice(1).forEach((pixels, id) => {
      for (const p of pixels) expect(lw.outerIds[(p >>> 16) * lw.w + (p & 65535)]).toBe(id);
    });
    expect(segments.flat().length).toBe(shape[0] * shape[1] * shape[2]);
  }
  expect(() => pixelLists({ ...windowsOf([1, 2, 2]), h: 70_000 })).toThrow(/70000 exceed 65535/);
});

test("outer windows are listed by inner id and tap, and all of them", () => {
  const lw = windowsOf([1, 15, 12]);
  const lists = tapLists(lw);
  fits(lists, tapListShapes(lw.outerCount, lw.innerCount, 9));
  const [all, ...segments] = walk(lists);
  expect(all).toEqual([...Array(lw.outerCount).keys()]);
  expect(segments.length).toBe(lw.innerCount * 9);
  segments.forEach((rows, s) =>
    expect(rows).toEqual(all.filter((o) => lw.outerWindows[o * 9 + (s % 9)] === Math.floor(s / 9))),
  );
});

test.each([-1, 6])("windows of codes are listed by tap and label, edge row %s", (edgeRow) => {
  const lw = windowsOf([2, 9, 11], { edges: edgeRow >= 0 });
  const lists = labelLists(lw.innerWindows, { count: lw.innerCount, taps: 9, channels: 8, edgeRow });
  fits(lists, labelListShapes(lw.innerCount, 9, 8, edgeRow >= 0));
  const [all, ...segments] = walk(lists);
  expect(all).toEqual([...Array(lw.innerCount).keys()].slice(1));
  segments.forEach((rows, s) => {
    const [tap, channel] = [Math.floor(s / 8), s % 8];
    const reads = (code: number): boolean =>
      code >= 0 && (channel === edgeRow ? (code & 1) === 1 : code >> 1 === channel);
    expect(rows).toEqual(all.filter((u) => reads(lw.innerWindows[u * 9 + tap])));
  });
});
