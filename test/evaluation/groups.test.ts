// Groups of labels: what their files may say, and what classes and labels count as in each comparison.

import { describe, expect, test } from "vitest";
import { byGroup, byId, byName } from "../../src/evaluation/comparison.ts";
import { groupsOf, parseGroups } from "../../src/evaluation/groups.ts";
import { Scorer } from "../../src/evaluation/scores.ts";
import { failure } from "../formats/helpers.ts";

const CLASSES = ["other", "waterfall", "sky", "sea", "lake", "tree"];
const [OTHER, WATERFALL, SKY, SEA, LAKE, TREE] = CLASSES.keys();
const LABELS = ["sky", "clouds", "sea", "river", "tree", "unlabeled"].map((name, id) => ({ id, name, color: "#000" }));
const GROUPS = {
  note: "water is water",
  groups: {
    sky: { labels: ["Sky", 1], ade20k: [SKY] },
    water: { labels: ["sea", "river"], ade20k: ["sea", LAKE] },
  },
};

const groups = (value: unknown, labels: typeof LABELS | undefined = LABELS) =>
  groupsOf(parseGroups(JSON.stringify(value), "g.json"), labels, CLASSES, "g.json");
const row = (...data: number[]) => ({ data: Uint8Array.from(data), width: data.length, height: 1 });

test("labels and classes are in their groups, by name or id", () => {
  const { names, ofLabel, ofClass } = groups(GROUPS);
  expect(names).toEqual(["sky", "water"]);
  expect(Object.fromEntries(ofLabel)).toEqual({ 0: 0, 1: 0, 2: 1, 3: 1 });
  expect(Object.fromEntries(ofClass)).toEqual({ [SKY]: 0, [SEA]: 1, [LAKE]: 1 });
});

test("ids need no names of labels; a name means every label of that name", () => {
  const group = (labels: unknown[]) => ({ groups: { a: { labels, ade20k: [0] } } });
  const ids = groupsOf(parseGroups(JSON.stringify(group([7, 300])), "g.json"), undefined, CLASSES, "g.json");
  expect([...ids.ofLabel.keys()]).toEqual([7, 300]);
  const twins = [...LABELS, { id: 9, name: "SKY", color: "#000" }];
  expect([...groups(group(["sky"]), twins).ofLabel.keys()]).toEqual([0, 9]);
});

describe("over groups", () => {
  test("a label counts as its group, a class of no group is wrong, a label of no group is left out and named", () => {
    const scorer = new Scorer(byGroup(groups(GROUPS), CLASSES.length, []));
    //                 sky clouds sea river sea tree unknown
    scorer.add(row(0, 1, 2, 3, 2, 4, 255), [SKY, SEA, LAKE, SEA, OTHER, TREE, SKY], "a.png");
    scorer.add(row(4, 5, 0), [SKY, SKY, TREE], "b.png");
    const { iou, accuracy, mIoU, pixels, leftOut, neverFound } = scorer.scores();
    // Sky: 1 of 3 found, nowhere else. Water: 2 of 3, and once elsewhere. What was found at labels left out counts nowhere.
    expect(iou).toEqual([1 / 3, 2 / 4]);
    expect(accuracy).toBeCloseTo(3 / 6, 12);
    expect(mIoU).toBeCloseTo((1 / 3 + 1 / 2) / 2, 12);
    expect(pixels).toBe(6);
    expect(leftOut).toEqual([
      { label: 4, pixels: 2 },
      { label: 5, pixels: 1 },
    ]);
    expect(neverFound).toBeUndefined();
  });

  test("void labels do not count, whether a group holds them or not, and are not among those left out", () => {
    const scorer = new Scorer(byGroup(groups(GROUPS), CLASSES.length, [1, 4]));
    scorer.add(row(0, 1, 4), [SKY, SEA, SEA], "a.png");
    expect(scorer.scores()).toEqual({ iou: [1, null], accuracy: 1, mIoU: 1, pixels: 1 });
  });

  test("maps of nothing that a group holds are refused", async () => {
    const scorer = new Scorer(byGroup(groups(GROUPS), CLASSES.length, []));
    scorer.add(row(4, 255), [SKY, SKY], "a.png");
    expect((await failure(() => scorer.scores())).message).toMatch(/hold nothing that counts; check --void, --groups/);
  });
});

describe("by name", () => {
  test("classes become labels, a class that fits none is wrong, and a label that no class becomes is named", () => {
    const scorer = new Scorer(byName(CLASSES, LABELS, [5]));
    scorer.add(row(0, 1, 2, 3, 4, 5, 255), [SKY, SKY, SEA, WATERFALL, OTHER, SKY, SKY], "a.png");
    const { iou, accuracy, neverFound } = scorer.scores();
    // Clouds (1) are found as sky; a waterfall is the set's river.
    expect(iou).toEqual([1 / 2, 0, 1, 1, 0, null]);
    expect(accuracy).toBeCloseTo(3 / 5, 12);
    expect(neverFound).toEqual([1]);
  });

  test("labels have any ids of 16 bits; a label that the list lacks is refused", async () => {
    const scorer = new Scorer(byName(CLASSES, [{ id: 65535, name: "sky", color: "#000" }], []));
    const map = { data: Uint16Array.of(65535, 65535), width: 2, height: 1 };
    scorer.add(map, [SKY, TREE], "a.png");
    const { iou, accuracy } = scorer.scores();
    expect([iou.length, iou[65535], accuracy]).toEqual([65536, 1 / 2, 1 / 2]);
    const error = await failure(() => scorer.add(row(3), [SKY], "b.png"));
    expect(error.message).toBe(
      "b.png: holds the label 3, which is not in the list of labels; add it to the list (--labels), or leave it out by --void 3",
    );
  });
});

test("by id, a class that is void is wrong where it is found", () => {
  const scorer = new Scorer(byId(3, [2]));
  scorer.add(row(0, 0, 2), [0, 2, 2], "a.png");
  expect(scorer.scores()).toEqual({ iou: [1 / 2, null, null], accuracy: 1 / 2, mIoU: 1 / 2, pixels: 2 });
});

describe("groups that fit nothing are an error in one line:", () => {
  const one = (labels: unknown, ade20k: unknown) => ({ groups: { water: { labels, ade20k } } });
  const two = (a: [unknown[], unknown[]], b: [unknown[], unknown[]]) => ({
    groups: { a: { labels: a[0], ade20k: a[1] }, b: { labels: b[0], ade20k: b[1] } },
  });
  const form = /; give a JSON object like \{ "groups": /;
  test.each<[string, unknown, RegExp, RegExp]>([
    ["a list", [], /^g\.json: is not an object/, form],
    ["no groups", { note: "x" }, /^g\.json: has no object "groups"/, form],
    ["groups in a list", { groups: [] }, /has no object "groups"/, form],
    ["an empty object", { groups: {} }, /^g\.json: has no groups/, form],
    ["a group that is null", { groups: { a: null } }, /^g\.json, group "a": has no list "labels"/, form],
    ["no classes", { groups: { a: { labels: [1] } } }, /group "a": has no list "ade20k"/, form],
    ["an empty list", one([], [1]), /group "water": has no list "labels"/, form],
    ["half an id", one([1.5], [1]), /its "labels" hold something that is neither a name nor a whole number/, form],
    ["a list in a list", one([1], [[1]]), /its "ade20k" hold something/, form],
    ["an unknown label", one(["ocean"], [1]), /"water": its label "ocean" does not exist/, /such as "sky" or 0$/],
    ["an id that the list lacks", one([6], [1]), /its label 6 does not exist/, /give a name or id of the set's labels/],
    ["don't care", one([255], [1]), /its label 255 does not exist/, /give a name/],
    ["an unknown class", one([1], ["ocean"]), /its class "ocean" does not exist/, /0 to 5, or a name such as "tree"$/],
    ["a class beyond", one([1], [6]), /its class 6 does not exist/, /give one of the segmenter's classes/],
    ["a class below", one([1], [-1]), /its class -1 does not exist/, /0 to 5/],
    [
      "a label in two groups",
      two([["sky"], [SKY]], [[0, 2], [SEA]]),
      /group "b": its label 0 is in the group "a" too/,
      /leave the label in one/,
    ],
    [
      "a class in two groups",
      two([[0], ["Sky"]], [[2], [SKY]]),
      /"b": its class 2 is in the group "a" too/,
      /the class/,
    ],
    ["a name that forges lines", one(["a\nerror: b"], [1]), /its label "a\\nerror: b" does not exist/, /give/],
  ])("%s", async (_, value, problem, fix) => {
    const error = await failure(() => groups(value));
    expect(error.message).toMatch(problem);
    expect(error.message).toMatch(fix);
    expect(error.message).not.toContain("\n");
  });

  test("names where the labels' names are not known", async () => {
    const ask = () => groupsOf(parseGroups(JSON.stringify(GROUPS), "g.json"), undefined, CLASSES, "g.json");
    expect((await failure(ask)).message).toBe(
      'g.json, group "sky": its label "Sky" is a name, and no names are known; name the labels by --labels FILE.json or --dataset_mode, or give ids',
    );
  });

  test("what is no JSON", async () => {
    expect((await failure(() => parseGroups("{", "g.json"))).message).toMatch(/^g\.json: is not JSON; give a JSON obj/);
  });
});
