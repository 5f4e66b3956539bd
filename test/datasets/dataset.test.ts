// The published layouts, order and pairing, and what a broken data set says.

import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Dataset } from "../../src/datasets/dataset.ts";
import { naturalSort } from "../../src/datasets/folder.ts";
import { labelsFor } from "../../src/datasets/names.ts";
import { parseLabels } from "../../src/pictures/label_names.ts";
import type { SpadeError } from "../../src/runtime/errors.ts";
import { encode } from "fast-png";
import { labelPng, optionsOf, pairs, photoPng, scratch, write } from "./folders.ts";

const NONE = new Uint8Array();

/** What a data set lists, without its root. */
async function listed(dir: string, dataset: Dataset): Promise<(string | undefined)[][]> {
  const bare = (path: string | undefined) => path?.slice(dir.length + 1);
  return Array.from({ length: dataset.length }, (_, i) => {
    const { label, image, instance } = dataset.paths(i);
    return [bare(label), bare(image), bare(instance)];
  });
}

const messageOf = async (promise: Promise<unknown>): Promise<string> =>
  (
    (await promise.then(
      () => new Error("nothing failed"),
      (e: unknown) => e,
    )) as SpadeError
  ).message;

test("paths sort by the numbers in them, capitals first", () => {
  const wanted = [
    "A/2.png",
    "A/10.png",
    "a/1/z.png",
    "a/1a.png",
    "a/01b.png",
    "a/1b.png",
    "a/2.png",
    "a/b1.png",
    "a/b.png",
  ];
  expect(naturalSort(wanted)).toEqual(wanted);
  // Equal numbers keep the order that they came in.
  const swapped = [...wanted.slice(0, 4), "a/1b.png", "a/01b.png", ...wanted.slice(6)];
  expect(naturalSort([...wanted].reverse())).toEqual(swapped);
  expect(naturalSort(["9007199254740993", "9007199254740992", "0009"])).toEqual(["0009", "9007199254740992", "9007199254740993"]); // prettier-ignore
});

test("coco: three folders, portraits in training, val for the test phase", async () => {
  const dir = await scratch();
  for (const phase of ["train", "val"])
    for (const [kind, ending] of [
      ["label", "png"],
      ["img", "jpg"],
      ["inst", "png"],
    ] as const)
      // prettier-ignore
      await write(dir, { [`${phase}_${kind}/2.${ending}`]: NONE, [`${phase}_${kind}/10.${ending}`]: NONE });
  for (const kind of ["label", "img", "inst"]) await write(dir, { [`train_${kind}_portrait/1.png`]: NONE });
  const of = async (changes: object) =>
    listed(dir, await Dataset.open(optionsOf("coco", { dataroot: dir, ...changes })));
  const landscape = [
    ["train_label/2.png", "train_img/2.jpg", "train_inst/2.png"],
    ["train_label/10.png", "train_img/10.jpg", "train_inst/10.png"],
  ];
  expect(await of({})).toEqual([
    ...landscape,
    ["train_label_portrait/1.png", "train_img_portrait/1.png", "train_inst_portrait/1.png"],
  ]);
  expect(await of({ coco_no_portraits: true })).toEqual(landscape);
  expect(await of({ isTrain: false })).toEqual(landscape);
  expect(await of({ max_dataset_size: 1, no_instance: true })).toEqual([["train_label/2.png", "train_img/2.jpg", undefined]]); // prettier-ignore
  const val = [["val_label/2.png", "val_img/2.jpg", "val_inst/2.png"], ["val_label/10.png", "val_img/10.jpg", "val_inst/10.png"]]; // prettier-ignore
  expect(await of({ phase: "test", isTrain: false })).toEqual(val);
  expect(await messageOf(of({ phase: "other" }))).toMatch(/other_label: is not a folder that can be read; check the path and --dataroot/); // prettier-ignore
});

test("ade20k: one tree, told apart by _train_ and _val_ and by endings", async () => {
  const dir = await scratch();
  for (const n of ["ADE_train_1", "ADE_train_2", "ADE_val_1"])
    await write(dir, { [`images/a/${n}.jpg`]: NONE, [`annotations/b/${n}.png`]: NONE, [`images/a/${n}.tif`]: NONE });
  // Links are followed, never in a circle.
  const elsewhere = await scratch();
  await write(elsewhere, { "i/ADE_train_9.jpg": NONE, "a/ADE_train_9.png": NONE });
  await symlink(join(elsewhere, "i"), join(dir, "images/link"));
  await symlink(join(elsewhere, "a"), join(dir, "annotations/link"));
  await symlink(dir, join(dir, "images/circle"));
  expect(await listed(dir, await Dataset.open(optionsOf("ade20k", { dataroot: dir })))).toEqual([
    ["annotations/b/ADE_train_1.png", "images/a/ADE_train_1.jpg", undefined],
    ["annotations/b/ADE_train_2.png", "images/a/ADE_train_2.jpg", undefined],
    ["annotations/link/ADE_train_9.png", "images/link/ADE_train_9.jpg", undefined],
  ]);
  expect(await listed(dir, await Dataset.open(optionsOf("ade20k", { dataroot: dir, phase: "test" })))).toEqual([
    ["annotations/b/ADE_val_1.png", "images/a/ADE_val_1.jpg", undefined],
  ]);
});

test("cityscapes: maps in gtFine, photos in leftImg8bit, paired by three parts of the name", async () => {
  const dir = await scratch();
  for (const n of ["bonn_000001_000019", "aachen_000010_000019", "aachen_000009_000019"]) {
    const city = n.split("_")[0];
    await write(dir, {
      [`gtFine/train/${city}/${n}_gtFine_labelIds.png`]: NONE,
      [`gtFine/train/${city}/${n}_gtFine_color.png`]: NONE,
      [`gtFine/train/${city}/${n}_gtFine_instanceIds.png`]: NONE,
      [`leftImg8bit/train/${city}/${n}_leftImg8bit.png`]: NONE,
    });
  }
  const all = await listed(dir, await Dataset.open(optionsOf("cityscapes", { dataroot: dir, phase: "whatever" })));
  expect(all.map((p) => p.map((q) => q?.split("/").at(-1)))).toEqual(
    ["aachen_000009_000019", "aachen_000010_000019", "bonn_000001_000019"].map((n) => [`${n}_gtFine_labelIds.png`, `${n}_leftImg8bit.png`, `${n}_gtFine_instanceIds.png`]), // prettier-ignore
  );
});

test("facades: two folders, more photos than label maps allowed at the end", async () => {
  const dir = await scratch();
  await write(dir, { "train_label/1.png": NONE, "train_img/1.jpg": NONE, "train_img/2.jpg": NONE });
  const all = await listed(dir, await Dataset.open(optionsOf("facades", { dataroot: dir })));
  expect(all).toEqual([["train_label/1.png", "train_img/1.jpg", undefined]]);
});

test("custom: folders below, every ending in any case, files.list, what macOS leaves", async () => {
  const dir = await scratch();
  await write(dir, {
    "label/a/1.PNG": NONE, "label/b/2.tif": NONE, "label/b/._2.tif": NONE, "label/notes.txt": NONE,
    "img/a/1.JPEG": NONE, "img/b/2.webp": NONE,
    "inst/1.png": NONE, "inst/2.png": NONE,
    "list/files.list": `${dir}/inst/2.png\n${dir}/inst/1.png\n`, "list/9.png": NONE,
  }); // prettier-ignore
  const options = optionsOf("custom", { label_dir: join(dir, "label"), image_dir: join(dir, "img") });
  expect(await listed(dir, await Dataset.open(options))).toEqual([
    ["label/a/1.PNG", "img/a/1.JPEG", undefined],
    ["label/b/2.tif", "img/b/2.webp", undefined],
  ]);
  const withList = await Dataset.open({ ...options, instance_dir: join(dir, "list") });
  expect((await listed(dir, withList)).map((p) => p[2])).toEqual(["inst/1.png", "inst/2.png"]);
});

test("what can't be paired is named", async () => {
  const dir = await scratch();
  for (const n of [1, 2, 3])
    await write(dir, { [`label/${n}.png`]: NONE, [`img/${n}.jpg`]: NONE, [`other/${n + 5}.jpg`]: NONE });
  const options = optionsOf("custom", { label_dir: join(dir, "label"), image_dir: join(dir, "img") });
  await write(dir, { "img/0.jpg": NONE });
  expect(await messageOf(Dataset.open(options))).toBe(
    `3 label maps, 4 photos: no label map for ${dir}/img/0.jpg; add the label maps, or move the photos away`,
  );
  await write(dir, { "label/4.png": NONE });
  expect(await messageOf(Dataset.open(options))).toBe(
    `4 label maps, 4 photos: no photo for ${dir}/label/4.png; add the photos, or move the label maps away`,
  );
  // The flag works: by order alone.
  const unchecked = await Dataset.open({ ...options, no_pairing_check: true });
  expect((await listed(dir, unchecked)).map((p) => p.slice(0, 2))).toEqual([
    ["label/1.png", "img/0.jpg"], ["label/2.png", "img/1.jpg"], ["label/3.png", "img/2.jpg"], ["label/4.png", "img/3.jpg"],
  ]); // prettier-ignore
  await write(dir, { "other/9.jpg": NONE });
  expect(await messageOf(Dataset.open({ ...options, image_dir: join(dir, "other") }))).toMatch(
    /: no label map has a photo of its name .*; name the files alike, or, if their orders agree, use --no_pairing_check$/,
  );
  expect(await messageOf(Dataset.open({ ...options, no_pairing_check: true, instance_dir: join(dir, "one") }))).toMatch(/one: is not a folder/); // prettier-ignore
  await write(dir, { "one/1.png": NONE });
  expect(await messageOf(Dataset.open({ ...options, no_pairing_check: true, instance_dir: join(dir, "one") }))).toMatch(/^4 label maps, 1 instance map: /); // prettier-ignore
  expect(await messageOf(Dataset.open({ ...options, label_dir: "" }))).toBe(
    "--label_dir: is not given; give the folder",
  );
  await write(dir, { "empty/readme.txt": NONE });
  expect(await messageOf(Dataset.open({ ...options, image_dir: join(dir, "empty") }))).toMatch(
    /empty: has no picture in it; /,
  );
});

test("options that fit no net are refused", async () => {
  const options = optionsOf("custom", {});
  expect(await messageOf(Dataset.open({ ...options, aspect_ratio: 2 }))).toMatch(
    /^--preprocess_mode resize_and_crop: crops squares/,
  );
  expect(await messageOf(Dataset.open({ ...options, load_size: 200 }))).toMatch(
    /^--load_size 200: is less than --crop_size 256/,
  );
});

test("a sample: ids in place, 255 as don't care, an instance map, the epoch's flips", async () => {
  const dir = await scratch();
  const options = { ...(await pairs(dir, 2)), contain_dontcare_label: true, preprocess_mode: "fixed" as const, load_size: 1, crop_size: 20, aspect_ratio: 2 }; // prettier-ignore
  await write(dir, {
    "label/0.png": labelPng(40, 20, (x) => (x < 20 ? 255 : 3)),
    "img/0.png": photoPng(40, 20, (x) => (x < 20 ? [255, 0, 0] : [0, 0, 255])),
    "inst/0.png": labelPng(40, 20, (_, y) => (y < 10 ? 7 : 200)),
    "inst/1.png": labelPng(40, 30, () => 0),
  });
  const dataset = await Dataset.open({ ...options, instance_dir: join(dir, "inst") });
  expect(dataset.size).toEqual({ width: 20, height: 10 });
  const flips = new Set<boolean>();
  for (let epoch = 1; epoch < 20; epoch++) {
    const sample = await dataset.sample(0, epoch);
    expect([sample.label.width, sample.label.height, sample.image.length]).toEqual([20, 10, 600]);
    const flipped = sample.label.data[0] === 3;
    flips.add(flipped);
    expect([sample.label.data[0], sample.label.data[19]]).toEqual(flipped ? [3, 5] : [5, 3]);
    expect([...sample.image.slice(0, 3)]).toEqual(flipped ? [0, 0, 255] : [255, 0, 0]);
    expect([sample.instance!.data[0], sample.instance!.data[199]]).toEqual([7, 200]);
  }
  expect(flips.size).toBe(2);
  // An instance map of another picture.
  await write(dir, { "inst/0.png": labelPng(20, 20, () => 0) });
  expect(await messageOf(dataset.sample(0, 1))).toMatch(/inst\/0\.png: is 20 x 20 where .*label\/0\.png is 40 x 20; /);
});

test("without photos: the same maps, and no folder of photos is needed", async () => {
  const dir = await scratch();
  const options = { ...(await pairs(dir, 3)), isTrain: false };
  for (let i = 0; i < 3; i++) await write(dir, { [`inst/${i}.png`]: labelPng(40, 30, (x, y) => (x >> 3) + y) });
  const whole = await Dataset.open({ ...options, instance_dir: join(dir, "inst") });
  const bare = { ...options, instance_dir: join(dir, "inst"), image_dir: "" };
  const maps = await Dataset.open(bare, { photos: false });
  expect(maps.length).toBe(3);
  expect(maps.paths(2)).toEqual({ label: join(dir, "label/2.png"), image: "", instance: join(dir, "inst/2.png") });
  const { label, instance } = await whole.sample(1, 0);
  expect(await maps.maps(1, 0)).toMatchObject({ label, instance });
  expect(await messageOf(Dataset.open({ ...bare, label_dir: "nowhere" }, { photos: false }))).toMatch(
    /^nowhere: is not/,
  );
  expect(await messageOf(Dataset.open({ ...bare, instance_dir: "nowhere" }, { photos: false }))).toMatch(
    /3 label maps, 0 instance maps: each label map needs its instance map/,
  );
});

test("in crop mode label map and photo have one size", async () => {
  const dir = await scratch();
  const options = { ...(await pairs(dir, 1, 40, 40)), preprocess_mode: "crop" as const };
  await write(dir, { "img/0.png": photoPng(80, 80, () => [0, 0, 0]) });
  const dataset = await Dataset.open(options);
  expect(await messageOf(dataset.sample(0, 1))).toMatch(/img\/0\.png: is 80 x 80 where .*label\/0\.png is 40 x 40; /);
});

test("training in a mode that leaves sizes open is refused by the picture that does not fit the net", async () => {
  const dir = await scratch();
  const options = { ...(await pairs(dir, 1)), preprocess_mode: "scale_width" as const };
  const dataset = await Dataset.open(options);
  expect(dataset.size).toBeUndefined();
  expect(await messageOf(dataset.sample(0, 1))).toMatch(
    /label\/0\.png: becomes 36 x 27 under --preprocess_mode scale_width, where the net paints 32 x 32; train with /,
  );
});

test("scan finds illegal ids before a run, and colours", async () => {
  const dir = await scratch();
  const options = await pairs(dir, 3);
  await (await Dataset.open(options)).scan();
  await write(dir, { "label/2.png": labelPng(40, 30, (x, y) => (x === 5 && y === 6 ? 255 : 0)) });
  const dataset = await Dataset.open(options);
  await dataset.scan(2);
  expect(await messageOf(dataset.scan())).toMatch(/label\/2\.png: pixel \(x 5, y 6\) has the value 255, legal are 0\.\.4; .*contain_dontcare_label/); // prettier-ignore
  await write(dir, { "label/2.png": photoPng(40, 30, (x) => (x < 30 ? [128, 0, 0] : [0, 255, 7])) });
  expect(await messageOf(dataset.scan())).toMatch(
    /label\/2\.png: is a picture in colours: 2 distinct ones, #800000 75\.0 %, #00ff07 25\.0 %; .*--labels FILE\.json/,
  );
  const list = [{ id: 1, name: "wall", color: "#800000" }, { id: 4, name: "roof", color: "rgb(0, 255, 7)" }]; // prettier-ignore
  await write(dir, { "labels.json": JSON.stringify(list) });
  const named = { ...options, labels: join(dir, "labels.json") };
  const mapped = await Dataset.open({ ...named, no_flip: true, preprocess_mode: "fixed" });
  await mapped.scan();
  expect(new Set((await mapped.sample(2, 1)).label.data)).toEqual(new Set([1, 4]));
  expect(labelsFor(named)).toEqual(list);
  await write(dir, { "labels.json": JSON.stringify([{ id: 5, name: "wall", color: "#800000" }]) });
  expect(await messageOf(Dataset.open(named))).toMatch(/id 5 is beyond the net's labels, 0 to 4/);
});

test("16-bit ids are read as they are", async () => {
  const dir = await scratch();
  const options = { ...(await pairs(dir, 1)), label_nc: 400, contain_dontcare_label: true, preprocess_mode: "none" as const, isTrain: false }; // prettier-ignore
  const data = Uint16Array.from({ length: 32 * 32 }, (_, p) => (p === 0 ? 255 : 399));
  await write(dir, { "label/0.png": encode({ data, width: 32, height: 32, channels: 1, depth: 16 }), "img/0.png": photoPng(32, 32, () => [0, 0, 0]) }); // prettier-ignore
  const { label } = await (await Dataset.open(options)).sample(0, 1);
  expect([...label.data.slice(0, 2)]).toEqual([400, 399]);
});

test("the published sets' names fit their nets and can be stored with weights", () => {
  const names = (mode: "coco" | "ade20k" | "cityscapes" | "facades" | "custom", ...ids: number[]) => {
    const list = labelsFor(optionsOf(mode, {}));
    if (list) expect(parseLabels(JSON.stringify(list), mode)).toEqual(list);
    return [list?.length, ...ids.map((id) => list?.[id].name)];
  };
  // Known from the maps themselves: COCO-Stuff's sky-other is 156, tree 168, grass 123, sea 154.
  expect(names("coco", 0, 13, 105, 123, 154, 156, 168, 181, 182)).toEqual([183, "person", "parking meter", "clouds", "grass", "sea", "sky-other", "tree", "wood", "unlabeled"]); // prettier-ignore
  expect(names("ade20k", 0, 1, 150)).toEqual([151, "other", "wall", "flag"]);
  expect(names("cityscapes", 7, 23, 26, 33)).toEqual([35, "road", "sky", "car", "bicycle"]);
  expect(names("facades", 1, 12)).toEqual([13, "background", "shop"]);
  expect(names("custom")).toEqual([undefined]);
  expect(labelsFor(optionsOf("coco", { label_nc: 20 }))).toBeUndefined();
  expect(labelsFor(optionsOf("coco", { contain_dontcare_label: false }))).toHaveLength(182);
});
