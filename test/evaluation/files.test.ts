// Which pictures belong to which label maps.

import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { listLabelMaps, pairsOf } from "../../src/evaluation/files.ts";
import { labelPng, scratch, write } from "../datasets/folders.ts";

const paired = (pictures: string[], labels: string[]): string[][] =>
  pairsOf(pictures, labels, "results").map(({ picture, label }) => [basename(picture), basename(label)]);

test("several pictures of one map belong to it, unless a map has their very name", () => {
  expect(paired(["r/a_1.png", "r/a_2.png", "r/b_1.png", "r/c.png"], ["m/a.png", "m/a_2.png", "m/b.png"])).toEqual([
    ["a_1.png", "a.png"],
    ["a_2.png", "a_2.png"],
    ["b_1.png", "b.png"],
  ]);
});

test("Cityscapes: label ids below a folder, pictures in the photos' names", async () => {
  const dir = await scratch();
  const of = (name: string): string => `${name}_gtFine_labelIds.png`;
  const [a, b] = ["aachen_000000_000019", "ulm_000001_000019"];
  const png = labelPng(2, 2, () => 1);
  await write(dir, {
    [join("aachen", of(a))]: png,
    [join("ulm", of(b))]: png,
    [`ulm/${b}_gtFine_instanceIds.png`]: png,
  });
  const maps = await listLabelMaps(dir);
  expect(maps.map((path) => basename(path))).toEqual([of(a), of(b)]);
  expect(paired([`r/${b}_leftImg8bit.png`, `r/${a}_leftImg8bit_2.png`], maps)).toEqual([
    [`${b}_leftImg8bit.png`, of(b)],
    [`${a}_leftImg8bit_2.png`, of(a)],
  ]);
});

test("a name that two maps have is refused", () => {
  expect(() => paired(["r/x.png"], ["a/x.png", "b/x.png"])).toThrow(/^b\/x\.png: has the name of a\/x\.png/);
});
