// The classes of ADE20K in other label sets.

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { labelsFor } from "../../src/datasets/names.ts";
import { datasetDefaults, type DatasetMode } from "../../src/datasets/options.ts";
import { labelsOfClasses, parseMapping } from "../../src/segmenting/class_labels.ts";
import { labelled } from "../../src/segmenting/labelled.ts";
import { comparable } from "../../src/pictures/label_names.ts";
import { namedClasses, namesOf } from "../../src/segmenting/class_names.ts";
import { failure } from "../formats/helpers.ts";

type Set = { id: number; name: string }[];
const published = (dataset_mode: DatasetMode): Set => {
  const { label_nc = 0, contain_dontcare_label = false } = datasetDefaults(dataset_mode);
  return labelsFor({ dataset_mode, label_nc, contain_dontcare_label, no_instance: true, labels: "" })!;
};
const listed = (names: string): Set => names.split(", ").map((name, id) => ({ id, name }));

const ade = published("ade20k");
const classes = ade.map(({ name }) => name);
const sets = {
  coco: published("coco"),
  cityscapes: published("cityscapes"),
  camvid: listed("sky, building, pole, road, pavement, tree, sign, fence, car, pedestrian, bicyclist, void"),
  camvidTutorial: listed(
    "Sky, Building, Pole, Road, Pavement, Tree, SignSymbol, Fence, Car, Pedestrian, Bicyclist, Unlabelled",
  ),
  landscape: listed(
    "sky, clouds, mountain, snow, hill, tree, bush, grass, field, dirt, sand, rock, sea, river, road, building",
  ),
};

/** The names of the labels that classes become. */
function inSet(set: Set, names: string[]): (string | undefined)[] {
  const ids = labelsOfClasses(classes, set);
  return names.map((name) => set.find(({ id }) => id === ids[classes.indexOf(name)])?.name);
}

test("the table names classes of ADE20K only, and only labels that a set has", () => {
  const known = new Set([...Object.values(sets), ade].flatMap((set) => set.map(({ name }) => comparable(name))));
  for (const name of namedClasses()) {
    expect(classes.map(comparable), name).toContain(name);
    for (const other of namesOf(name)) expect(known, `${name}: ${other}`).toContain(other);
  }
});

test("in its own set every class is itself", () => {
  expect([...labelsOfClasses(classes, ade)]).toEqual(ade.map(({ id }) => id));
});

const OUTDOORS = ["sky", "building", "tree", "road", "car", "person", "bicycle", "earth", "plant", "sea", "bathtub"];

test.each([
  ["landscape", "sky, building, tree, road, , , , dirt, tree, sea, "],
  ["coco", "sky-other, building-other, tree, road, car, person, bicycle, dirt, plant-other, sea, "],
  ["cityscapes", "sky, building, vegetation, road, car, person, bicycle, terrain, vegetation, , "],
  ["camvid", "sky, building, tree, road, car, pedestrian, bicyclist, , tree, , "],
  ["camvidTutorial", "Sky, Building, Tree, Road, Car, Pedestrian, Bicyclist, , Tree, , "],
] as const)("what is outdoors has a label of %s", (set, names) => {
  expect(inSet(sets[set], OUTDOORS).map((name) => name ?? "")).toEqual(names.split(", "));
});

test("a set's closest label is taken, whatever the order of its labels", () => {
  const names = ["water", "lake", "hill", "house", "field"];
  expect(inSet(sets.landscape, names)).toEqual(["sea", "sea", "hill", "building", "field"]);
  expect(inSet([...sets.landscape].reverse(), names)).toEqual(["sea", "sea", "hill", "building", "field"]);
  expect(inSet(sets.coco, ["window", "windowpane", "mirror", "door"])).toEqual([
    undefined,
    "window-other",
    "mirror-stuff",
    "door-stuff",
  ]);
});

const GROUPS = "ade20k/landscape_groups.json";
const shared = (path: string): URL => new URL(`../../../shared/data/${path}`, import.meta.url);

test.runIf(existsSync(shared(GROUPS)))(
  "landscape's labels are in the groups by which landscapes are judged (needs ../shared)",
  () => {
    const read = (path: string): string => readFileSync(shared(path), "utf8");
    const labels = JSON.parse(read("landscape/labels.json")) as Set;
    const { groups } = JSON.parse(read(GROUPS)) as {
      groups: Record<string, { labels: string[]; ade20k: number[] }>;
    };
    const ids = labelsOfClasses(classes, labels);
    classes.forEach((name, i) => {
      const group = Object.values(groups).find(({ ade20k }) => ade20k.includes(i));
      const label = labels.find(({ id }) => id === ids[i])?.name;
      if (group) expect(group.labels, name).toContain(label);
      else expect(label, name).toBeUndefined();
    });
  },
);

test("a mapping comes before names: labels by name or id, null for none", () => {
  const mapping = parseMapping('{ "Sky": "clouds", "earth": 10, "sea": null }', "m.json");
  const ids = labelsOfClasses(classes, sets.landscape, mapping);
  expect(["sky", "earth", "sea", "river"].map((name) => ids[classes.indexOf(name)])).toEqual([1, 10, 255, 13]);
});

test("maps of classes become maps of labels, in bytes unless an id needs more", async () => {
  const found = { classes: Uint16Array.of(1, 0, 0), confidence: Float32Array.of(1, 0.5, 0.4) };
  const to = { unknown: 255, minConfidence: 0.5 };
  const small = labelsOfClasses(["sky", "bathtub"], sets.landscape);
  expect(await labelled(found, { ...to, labels: small })).toEqual(Uint8Array.of(255, 0, 255));
  const large = labelsOfClasses(["sky", "bathtub"], [{ id: 300, name: "sky" }]);
  expect(await labelled(found, { ...to, labels: large })).toEqual(Uint16Array.of(255, 300, 255));
});

describe("a mapping that fits nothing is an error in one line:", () => {
  const map = (json: string) => () => labelsOfClasses(classes, sets.landscape, parseMapping(json, "m.json"));
  test.each([
    ["not JSON", "{", "file", /is not JSON/],
    ["a list", "[]", "file", /is not an object/],
    ["null", "null", "file", /is not an object/],
    ["a list for a class", '{ "sky": [1] }', "file", /"sky" is neither a name, a whole number nor null/],
    ["half an id", '{ "sky": 1.5 }', "file", /"sky" is neither/],
    ["an unknown class", '{ "heaven": "sky" }', "usage", /is no class of the segmenter/],
    ["an unknown label", '{ "sky": "heaven" }', "usage", /its label "heaven" is none of the set's/],
    ["an id that no label has", '{ "sky": 16 }', "usage", /its label 16 is none/],
    ["a name of control characters", '{ "a\\nb\\u001b": 1 }', "usage", /is no class/],
  ])("%s", async (_, json, code, problem) => {
    const error = await failure(map(json));
    expect(error.code).toBe(code);
    expect(error.problem).toMatch(problem);
  });
});
