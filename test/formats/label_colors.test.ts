import { expect, test } from "vitest";

import { colorImageFromRgb, labelMapFromColors, parseColor } from "../../src/pictures/label_colors.ts";
import { parseLabels } from "../../src/pictures/label_names.ts";
import { failure } from "./helpers.ts";

const image = (colors: number[][], width: number): ReturnType<typeof colorImageFromRgb> =>
  colorImageFromRgb(Uint8Array.from(colors.flat()), width, colors.length / width);
const SKY = [112, 181, 232];
const TREE = [0, 128, 0];

test("colours become the indices of the palette", () => {
  const map = labelMapFromColors(image([SKY, TREE, TREE, SKY], 2), ["#008000", "", "rgb(112, 181, 232)", "#008000"]);
  expect(map).toEqual({ data: Uint8Array.of(2, 0, 0, 2), width: 2, height: 2 });
});

test("more than 256 labels need 16 bits", () => {
  const palette = Array.from({ length: 300 }, (_, i) => `#${i.toString(16).padStart(6, "0")}`);
  expect(labelMapFromColors(image([[0, 1, 43]], 1), palette).data).toEqual(Uint16Array.of(299));
});

test("a tolerance takes the nearest colour in reach", () => {
  const palette = ["#000000", "#0a0a0a"];
  expect([
    ...labelMapFromColors(
      image(
        [
          [6, 6, 6],
          [4, 5, 3],
          [12, 10, 10],
        ],
        3,
      ),
      palette,
      5,
    ).data,
  ]).toEqual([1, 0, 1]);
});

test("a foreign colour: how many, which first, where, and what to do", async () => {
  const foreign = image([SKY, TREE, SKY, [1, 2, 3], [4, 5, 6], [1, 2, 3]], 3);
  const error = await failure(() => labelMapFromColors(foreign, ["#70b5e8", "#008000"]));
  expect([error.code, error.where]).toEqual(["label", "pixel (0, 1)"]);
  expect(error.problem).toBe(
    "its colour #010203 is none of the 2 label colours; of the 4 distinct colours in the map 2 are foreign",
  );
  expect(error.fix).toMatch(/add the colour/);
  const photo = image(
    Array.from({ length: 100 }, (_, i) => [i, 0, 0]),
    10,
  );
  expect((await failure(() => labelMapFromColors(photo, ["#000000"]))).fix).toMatch(/without antialiasing/);
});

test("what is no colour, and no image", async () => {
  expect([parseColor("#FFF"), parseColor(" #0a0B0c "), parseColor("rgb(1,2,3)")]).toEqual([
    0xffffff, 0x0a0b0c, 0x010203,
  ]);
  for (const bad of ["red", "#12", "rgb(256,0,0)", "#gggggg"])
    expect((await failure(() => parseColor(bad))).code).toBe("usage");
  expect((await failure(() => labelMapFromColors({ data: new Uint8Array(3), width: 1, height: 1 }, []))).code).toBe(
    "usage",
  );
});

test("a list of labels with an id that no label map can hold is refused before a palette of that length is made", async () => {
  const list = (id: number): string => JSON.stringify([{ id, name: "a", color: "#000" }]);
  expect((await failure(() => parseLabels(list(1e9), "labels.json"))).problem).toBe(
    "entry 0 has the id 1000000000; ids go up to 65535",
  );
  expect(parseLabels(list(65535), "labels.json")[0].id).toBe(65535);
  expect((await failure(() => parseLabels(" ".repeat(6e6), "labels.json"))).problem).toMatch(/^has 6000000 characters/);
});
