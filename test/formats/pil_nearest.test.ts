import { expect, test } from "vitest";

import { pilNearestIndices, pilNearestResize } from "../../src/pictures/pil_nearest.ts";

// Made with Pillow 9.4:
//   def pil(i, o): return numpy.asarray(Image.fromarray(numpy.arange(i, dtype="int32")[None], "I").resize((o, 1), Image.NEAREST))[0]
//   print([i, o, int((pil(i, o) * (numpy.arange(o) + 1)).sum())])
// From [2, 7] on the sizes are some at which floor((k + 1/2) i / o) would differ.
const SUMS = [
  [640, 256, 14005440], [480, 256, 10500160], [341, 256, 7456455], [427, 256, 9339769], [500, 286, 13647375], [612, 256, 13392024],
  [1024, 512, 89609472], [2, 7, 18], [2, 33, 408], [4, 7, 56], [4, 33, 1169], [4, 50, 2706], [4, 286, 87194],
]; // prettier-ignore

test("indices are PIL's", () => {
  expect([...pilNearestIndices(5, 3)]).toEqual([0, 2, 4]);
  expect([...pilNearestIndices(3, 8)]).toEqual([0, 0, 0, 1, 1, 2, 2, 2]);
  expect([...pilNearestIndices(7, 10)]).toEqual([0, 1, 1, 2, 3, 3, 4, 5, 5, 6]);
  for (const [from, to, sum] of SUMS)
    expect([from, to, pilNearestIndices(from, to).reduce((n, v, k) => n + v * (k + 1), 0)]).toEqual([from, to, sum]);
});

test("the accumulated step differs from the closed form where PIL does", () => {
  const closed = Array.from({ length: 7 }, (_, k) => Math.floor(((k + 0.5) * 2) / 7));
  expect([...pilNearestIndices(2, 7)]).not.toEqual(closed);
});

test("indices stay inside, for any size", () => {
  for (let from = 1; from <= 60; from++)
    for (let to = 1; to <= 60; to++) expect(Math.max(...pilNearestIndices(from, to))).toBeLessThan(from);
});

test("maps are resized in both directions and keep their type", () => {
  const map = { data: Uint16Array.of(1, 2, 3, 400, 500, 600), width: 3, height: 2 };
  expect(pilNearestResize(map, 2, 4)).toEqual({
    data: Uint16Array.of(1, 3, 1, 3, 400, 600, 400, 600),
    width: 2,
    height: 4,
  });
  const same = pilNearestResize(map, 3, 2);
  expect(same).toEqual(map);
  expect(same.data).not.toBe(map.data);
});
