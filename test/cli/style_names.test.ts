// convert --styles: which stored styles are kept, under which names.

import { expect, test } from "vitest";
import { renamedStyles } from "../../src/cli/inputs/style_names.ts";
import { decodePresets, encodePresets } from "../../src/models/presets.ts";

const row = (v: number): Float32Array => Float32Array.of(v, v + 10);
const stored = encodePresets(row(0), [row(1), row(2), row(3)]);

test("styles are kept in the order of their new names, and can be renamed again", () => {
  const named = renamedStyles(stored, 2, '{ "dusk": "style 3", "noon": "style 1" }', "names.json");
  expect(decodePresets(named, 2)).toEqual([
    { name: "dusk", style: row(3) },
    { name: "noon", style: row(1) },
    { name: "mean", style: row(0) },
  ]);
  const again = renamedStyles(named, 2, '{ "evening": "dusk", "average": "mean" }', "names.json");
  expect(decodePresets(again, 2).map(({ name }) => name)).toEqual(["evening", "average", "mean"]);
});

test.each([
  [undefined, '{ "a": "style 1" }', /names styles of a net that stores none/],
  [stored, "[]", /is not an object/],
  [stored, "{}", /has no names/],
  [stored, '{ "": "style 1" }', /has the name ""/],
  [stored, '{ "mean": "style 1" }', /has the name "mean"/],
  [stored, '{ "a": "style 9" }', /names "style 9"; the net stores: mean, style 1, style 2, style 3/],
  [stored, '{ "a": 3 }', /names "3"; /],
])("%s with %s is refused in one line", (metadata, json, message) =>
  expect(() => renamedStyles(metadata, 2, json, "names.json")).toThrow(message),
);
