// Labels can be told apart on the screen, by everybody.

import { differenceCiede2000, filterDeficiencyDeuter, parse } from "culori";
import { beforeAll, expect, test } from "vitest";
import { inspect } from "../../../src/node.ts";
import type { LabelInfo } from "../../../src/index.ts";
import { screenLabels } from "../../../src/studio/starts/colours.ts";
import { categoryOf, otherLabels } from "../../../src/studio/starts/other_labels.ts";
import { publishedWeights } from "../../../src/formats/packaged.ts";

const stored: Record<string, LabelInfo[]> = {};
beforeAll(async () => {
  for (const net of ["landscape", "street"])
    stored[net] = (await inspect(publishedWeights(`${net}_net_G.safetensors`))).labels;
});

/** CIE dE2000 that anybody sees apart, in large areas side by side. */
const APART = 12;

test.each(["landscape", "street"])("any two labels of the net %s are 12 apart, to the colour-blind too", (net) => {
  const difference = differenceCiede2000();
  const blind = filterDeficiencyDeuter(1);
  const labels = screenLabels(net, stored[net]);
  for (const [i, { name, color }] of labels.entries())
    for (const other of labels.slice(0, i)) {
      const [a, b] = [parse(color)!, parse(other.color)!];
      expect(difference(a, b), `${name} and ${other.name}`).toBeGreaterThanOrEqual(APART);
      expect(difference(blind(a), blind(b)), `${name} and ${other.name}`).toBeGreaterThanOrEqual(APART);
    }
});

test("the stored colours can not: so the test above finds what it is for", () => {
  const near = differenceCiede2000()("#6e6e28", "#606e32");
  expect(stored.landscape.map(({ color }) => color)).toEqual(expect.arrayContaining(["#6e6e28", "#606e32"]));
  expect(near).toBeLessThan(APART);
});

test("ids and names stay, and each label has a category", () => {
  for (const net of ["landscape", "street"]) {
    const labels = screenLabels(net, stored[net]);
    expect(labels.map(({ id, name }) => ({ id, name }))).toEqual(stored[net].map(({ id, name }) => ({ id, name })));
  }
  const category = (net: string, name: string) =>
    screenLabels(net, stored[net]).find((label) => label.name === name)!.category;
  expect(category("landscape", "field")).toBe("Plant");
  expect(category("street", "sky")).toBe("Landscape");
  expect(category("street", "bicyclist")).toBe("Traffic");
  for (const { name, category } of stored.landscape)
    expect(screenLabels("landscape", stored.landscape).find((label) => label.name === name)!.category).toBe(category);
});

test("another net keeps its colours and categories", () => {
  const labels = [
    { id: 0, name: "sky", color: "#123456", category: "up" },
    { id: 1, name: "lamp", color: "#654321" },
  ];
  expect(screenLabels("a.safetensors", otherLabels(labels))).toEqual([labels[0], { ...labels[1], category: "Other" }]);
  expect(screenLabels("a.safetensors", labels)[1].category).toBe("Other");
});

test("COCO-Stuff's labels have GauGAN's colours, whose red is the id", () => {
  const labels = screenLabels(
    "coco.pth",
    otherLabels(Array.from({ length: 182 }, (_, id) => ({ id, name: `label ${id}`, color: "#010203" }))),
  );
  expect(labels[156].color).toBe("#9ceedd");
  expect(labels[154].color).toBe("#9ac6da");
  for (const { id, color } of labels.filter(({ color }) => color !== "#010203"))
    expect(parseInt(color.slice(1, 3), 16)).toBe(id);
  expect(labels[0].color).toBe("#010203");
});

test.each([
  ["wall-wood", "building"],
  ["wood", "plant"],
  ["sky-other", "landscape"],
  ["ground-other", "ground"],
  ["playingfield", "ground"],
  ["window-blind", "building"],
  ["traffic light", "traffic"],
  ["giraffe", "other"],
])("COCO-Stuff's %s is of the category %s", (name, category) => expect(categoryOf(name)).toBe(category));
