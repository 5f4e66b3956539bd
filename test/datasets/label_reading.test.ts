// How the pixels of label PNGs become ids: named colours first, then r = g = b, then the palette index or gray value.

import { join } from "node:path";
import { encode } from "fast-png";
import { expect, test } from "vitest";
import { readLabelMap } from "../../src/cli/inputs/maps.ts";
import { Dataset } from "../../src/datasets/dataset.ts";
import { colorOfValue, readIds } from "../../src/datasets/label_file.ts";
import { labelsFor } from "../../src/datasets/names.ts";
import type { DataOptions } from "../../src/datasets/options.ts";
import { grayLevels } from "../../src/datasets/readings.ts";
import { decodeLabelPng, encodeLabelPng } from "../../src/formats/images/label_png.ts";
import { defaultConfig } from "../../src/models/config.ts";
import type { Label } from "../../src/pictures/label_names.ts";
import type { SpadeError } from "../../src/runtime/errors.ts";
import { labelPng, optionsOf, pairs, photoPng, scratch, write } from "./folders.ts";

type Rgb = [number, number, number];
const listOf = (...colors: string[]): Label[] => colors.map((color, id) => ({ id, name: `l${id}`, color }));
const read = (png: Uint8Array, labels?: Label[]) => {
  const { map, by } = readIds(decodeLabelPng(png), "map.png", labels, "give a list");
  return [[...map.data], by];
};
const indexed = (data: number[], palette: Rgb[]): Uint8Array =>
  encodeLabelPng({ data: Uint8Array.from(data), width: data.length, height: 1 }, palette);
const gray = (...data: number[]): Uint8Array => labelPng(data.length, 1, (x) => data[x]);
const rgb = (...data: Rgb[]): Uint8Array => photoPng(data.length, 1, (x) => data[x]);
const [BLACK, RED, GREEN]: Rgb[] = [[0, 0, 0], [255, 0, 0], [0, 255, 0]]; // prettier-ignore

/** Samples in the size of the maps here, 4 x 1. */
const AS_STORED = { preprocess_mode: "fixed", crop_size: 4, aspect_ratio: 4, isTrain: false } as const;

/** One label map for each photo, and what opens them as a data set that may hold any id. */
async function dataset(maps: Uint8Array[], changes: Partial<DataOptions>, labels?: Label[]): Promise<Dataset> {
  const dir = await scratch();
  for (const [i, map] of maps.entries())
    await write(dir, { [`label/${i}.png`]: map, [`img/${i}.png`]: photoPng(4, 1, () => [0, 0, 0]) });
  if (labels) await write(dir, { "labels.json": JSON.stringify(labels) });
  return Dataset.open(
    optionsOf("custom", {
      label_dir: join(dir, "label"),
      image_dir: join(dir, "img"),
      ...(labels ? { labels: join(dir, "labels.json") } : {}),
      ...changes,
    }),
  );
}

/** The notes of a scan, or the message that it fails with. */
async function scanned(set: Dataset): Promise<string[]> {
  const notes: string[] = [];
  try {
    await set.scan(64, undefined, (line) => notes.push(line));
  } catch (error) {
    return [(error as SpadeError).message];
  }
  return notes;
}

test("palettes in any order are read by colour if the list names the colours that are used", () => {
  const labels = listOf("#000000", "#ff0000", "#00ff00");
  expect(read(indexed([0, 1, 2, 0], [BLACK, RED, GREEN]), labels)).toEqual([[0, 1, 2, 0], "both"]);
  expect(read(indexed([2, 0, 1, 2], [RED, GREEN, BLACK]), labels)).toEqual([[0, 1, 2, 0], "colours"]);
  // A colour that no pixel has need not be named.
  expect(read(indexed([1, 0, 2], [RED, BLACK, GREEN, [9, 9, 9]]), labels)).toEqual([[0, 1, 2], "colours"]);
  expect(read(indexed([1, 0, 3], [RED, BLACK, GREEN, [9, 9, 9]]), labels)).toEqual([[1, 0, 3], "ids"]);
  expect(read(indexed([1, 0], [RED, BLACK]))).toEqual([[1, 0], "ids"]);
});

test("r = g = b is the id, with alpha or without, unless the list names all the colours", () => {
  const ids: Rgb[] = [[2, 2, 2], [0, 0, 0], [1, 1, 1]]; // prettier-ignore
  expect(read(rgb(...ids))).toEqual([[2, 0, 1], "ids"]);
  const rgba = encode({ data: Uint8Array.from(ids.flatMap((c) => [...c, 255])), width: 3, height: 1, channels: 4, depth: 8 }); // prettier-ignore
  expect(read(rgba)).toEqual([[2, 0, 1], "ids"]);
  expect(read(rgb(...ids), listOf("#ff0000", "#000000"))).toEqual([[2, 0, 1], "ids"]);
  expect(read(rgb(...ids), listOf("#020202", "#010101", "#000000"))).toEqual([[0, 2, 1], "colours"]);
  expect(() => read(rgb(...ids, [1, 2, 1]))).toThrow(/is a picture in colours: 4 distinct ones/);
});

test("gray values are colours if the list names them all, in files of any bits", () => {
  const labels = listOf("#000000", "#555555", "#aaaaaa", "#ffffff");
  expect(read(gray(255, 0, 85, 170), labels)).toEqual([[3, 0, 1, 2], "colours"]);
  expect(read(gray(0, 1, 2), labels)).toEqual([[0, 1, 2], "ids"]);
  const stored = decodeLabelPng(gray(0));
  expect([0, 1, 2, 3].map((v) => colorOfValue({ ...stored, white: 3 }, v))).toEqual([0, 0x555555, 0xaaaaaa, 0xffffff]);
  const wide = { ...stored, data: Uint16Array.of(0) };
  expect([257, 300].map((v) => colorOfValue(wide, v))).toEqual([0x010101, undefined]);
});

test("the made-up colours of the published sets read no gray maps and no palettes", () => {
  const coco = labelsFor(optionsOf("coco", {}))!;
  expect(read(gray(128, 128), coco)).toEqual([[128, 128], "ids"]); // #808080 is the colour of id 6
  const voc: Rgb[] = [[0, 0, 0], [128, 0, 0], [0, 128, 0]]; // prettier-ignore
  expect(read(indexed([1, 2], voc), coco)).toEqual([[1, 2], "ids"]);
  expect(read(rgb(...voc.slice(1)), coco)).toEqual([[0, 1], "colours"]);
});

test("a scan says that palettes differ, and refuses a list that fits some of the maps", async () => {
  const maps = [indexed([0, 1, 2, 0], [BLACK, RED, GREEN]), indexed([2, 0, 1, 2], [RED, GREEN, BLACK])];
  const notes = await scanned(await dataset(maps, { label_nc: 3 }));
  expect(notes).toHaveLength(1);
  expect(notes[0]).toMatch(
    /^the palettes of label maps differ \(index 0 is #000000 in .*0\.png and #ff0000 in .*1\.png\), and the index is the label; .*--labels/,
  );
  const labels = listOf("#000000", "#ff0000", "#00ff00");
  const named = await dataset(maps, { label_nc: 3, ...AS_STORED }, labels);
  expect(await scanned(named)).toEqual([]);
  for (const i of [0, 1]) expect([...(await named.sample(i, 1)).label.data]).toEqual([0, 1, 2, 0]);
  const other = indexed([0, 1, 2, 0], [BLACK, RED, [1, 2, 3]]);
  expect(await scanned(await dataset([...maps, other], { label_nc: 3 }, labels))).toEqual([
    expect.stringMatching(/2\.png: label maps are read in two ways: the list of labels names all colours of \S+1\.png, and not those of this one, which is read by its numbers; /), // prettier-ignore
  ]);
  // Maps that no scan has seen are held to the others.
  const later = await dataset([...maps, other], { label_nc: 3, ...AS_STORED }, labels);
  await later.scan(2);
  await expect(later.sample(2, 1)).rejects.toThrow(/2\.png: label maps are read in two ways/);
  const ids = await dataset([gray(0, 1, 2, 2), gray(0, 0, 0, 0)], { label_nc: 3, ...AS_STORED }, listOf("#ff0000", "#000000", "#00ff00")); // prettier-ignore
  await ids.scan(1);
  await expect(ids.sample(1, 1)).rejects.toThrow(/1\.png: label maps are read in two ways: .* all colours of this one, and not those of \S+0\.png/); // prettier-ignore
});

test("files hold label_nc only where a list names it; 255 is don't care", async () => {
  const from1 = gray(1, 2, 3, 3);
  const of = (map: Uint8Array, changes: Partial<DataOptions>, labels?: Label[]) =>
    dataset([map], { label_nc: 3, contain_dontcare_label: true, ...changes }, labels).then(scanned);
  expect(await of(from1, {})).toEqual([
    expect.stringMatching(/0\.png: holds 3 in 2 of its 4 pixels, which is label_nc: legal are 0 to 2, and 255 alone is don't care; if the ids run from 1, subtract 1 from each; if 3 is a label, use --label_nc 4; /), // prettier-ignore
  ]);
  expect(await of(gray(0, 2, 255, 255), {})).toEqual([]);
  expect(await of(gray(0, 9, 0, 0), {})).toEqual([expect.stringMatching(/pixel \(x 1, y 0\) has the value 9, legal are 0\.\.2; .*, or 255 for don't care \(it becomes 3\)/)]); // prettier-ignore
  expect(await of(from1, {}, [{ id: 3, name: "unknown", color: "#123456" }])).toEqual([]);
  // ADE20K's maps run from 0 to 150, and 150 is the flag.
  expect(await of(gray(0, 150, 1, 2), { label_nc: 150 })).toEqual([expect.stringMatching(/holds 150 in 1 of its 4/)]);
  expect(await of(gray(0, 150, 1, 2), { label_nc: 150, isTrain: false })).toEqual([]);
  const dir = await scratch();
  await write(dir, { "from1.png": from1, "ade.png": gray(0, 150, 150, 255) });
  const config = { ...defaultConfig, label_nc: 3, contain_dontcare_label: true };
  await expect(readLabelMap(join(dir, "from1.png"), config, undefined)).rejects.toThrow(
    /holds 3 in 2 of its 4 pixels, .*; write the ids of the net's training labels, 0 to 2, and 255 for don't care/,
  );
  await readLabelMap(join(dir, "ade.png"), { ...config, label_nc: 150 }, undefined);
});

test("a list of gray levels trains and paints the same ids", async () => {
  const labels = listOf("#000000", "#555555", "#aaaaaa", "#ffffff");
  const changes = { label_nc: 4, ...AS_STORED } as const;
  const set = await dataset([gray(255, 170, 85, 0), gray(0, 0, 0, 0)], changes, labels);
  expect(await scanned(set)).toEqual([]);
  expect([...(await set.sample(0, 1)).label.data]).toEqual([3, 2, 1, 0]);
  const config = { ...defaultConfig, label_nc: 4, contain_dontcare_label: false, crop_size: 4, aspect_ratio: 4 };
  expect([...(await readLabelMap(set.paths(0).label, config, labels)).data]).toEqual([3, 2, 1, 0]);
  const unnamed = await dataset([gray(255, 170, 85, 0)], { label_nc: 171, contain_dontcare_label: true });
  expect(await scanned(unnamed)).toEqual([
    "the label maps look like 4 classes drawn in gray: their values are 0, 85, 170, 255, evenly spread, and not ids from 0 on; spade dataset says what to do",
  ]);
});

test("gray levels are few, evenly spread values; ids are not", () => {
  for (const levels of [
    [0, 85, 170, 255],
    [0, 255],
    [0, 127, 255],
    [0, 50, 100, 150, 200],
    [0, 36, 73, 109, 182, 219, 255],
  ])
    // prettier-ignore
    expect(grayLevels([...levels].reverse())).toEqual(levels);
  const sets = [[], [0], [0, 1, 2, 255], [0, 7, 26, 255], [1, 2, 3], [0, 10, 20], [0, 100], [0, 60, 121], [0, 85, 255, 340]]; // prettier-ignore
  for (const ids of sets) expect(grayLevels(ids), String(ids)).toBeUndefined();
  expect(grayLevels(Array.from({ length: 256 }, (_, v) => v))).toBeUndefined();
});

test("instance maps of 16 bits and in colours keep every instance; a smaller one is refused with both sizes", async () => {
  const dir = await scratch();
  const options = { ...(await pairs(dir, 1, 4, 1)), ...AS_STORED, instance_dir: join(dir, "inst") }; // prettier-ignore
  const bordersOf = async (png: Uint8Array) => {
    await write(dir, { "inst/0.png": png });
    const { data } = (await (await Dataset.open(options)).sample(0, 1)).instance!;
    return [0, 1, 2].map((x) => data[x] !== data[x + 1]);
  };
  // The low bytes, and the red values, of all are equal.
  const wide = encode({ data: Uint16Array.of(256, 512, 512, 768), width: 4, height: 1, channels: 1, depth: 16 });
  expect(await bordersOf(wide)).toEqual([true, false, true]);
  expect(await bordersOf(rgb([1, 1, 1], [1, 2, 1], [1, 2, 1], [1, 2, 2]))).toEqual([true, false, true]);
  await write(dir, { "inst/0.png": gray(1, 2) });
  await expect((await Dataset.open(options)).sample(0, 1)).rejects.toThrow(/inst\/0\.png: is 2 x 1 where .*label\/0\.png is 4 x 1; /); // prettier-ignore
});

test("a list with an id for each of 130,000 labels overflows no stack", () => {
  const hex = (id: number) => `#${(id + 1).toString(16).padStart(6, "0")}`;
  const many = Array.from({ length: 130_000 }, (_, id) => ({ id, name: "", color: hex(id) }));
  expect(read(rgb([0, 0, 1], [0, 1, 0]), many)).toEqual([[0, 255], "colours"]);
});
