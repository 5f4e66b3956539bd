// Which files of a data set belong together, when folders hold more than the data set.

import { basename, join, relative } from "node:path";
import { expect, test } from "vitest";
import { Dataset } from "../../src/datasets/dataset.ts";
import { listMaps, listPairs, type Pair } from "../../src/datasets/listing.ts";
import { Loader } from "../../src/datasets/loader.ts";
import { StoredNames } from "../../src/datasets/folder.ts";
import { listLabelMaps, listPhotos, listResults, pairsOf } from "../../src/evaluation/files.ts";
import { labelPng, optionsOf, pairs, photoPng, scratch, write } from "./folders.ts";

const NONE = new Uint8Array();
const bare = (dir: string, list: Pair[]) => list.map((p) => [p.label, p.image, p.instance].filter((f) => f !== undefined).map((f) => f && relative(dir, f))); // prettier-ignore
const [NFC, NFD] = ["caf\u00e9", "cafe\u0301"];

test("label maps and photos of one folder are told apart by their kind", async () => {
  const dir = await scratch();
  for (const n of [1, 2, 10])
    await write(dir, { [`base/b${n}.png`]: NONE, [`base/b${n}.jpg`]: NONE, [`base/b${n}.xml`]: NONE });
  const base = join(dir, "base");
  const wanted = [1, 2, 10].map((n) => [`base/b${n}.png`, `base/b${n}.jpg`]);
  const options = optionsOf("custom", { label_dir: base, image_dir: `${dir}/base/../base/` });
  expect(bare(dir, await listPairs(options))).toEqual(wanted);
  // Without photos too.
  expect(bare(dir, await listMaps({ ...options, image_dir: "" }))).toEqual(wanted.map(([map]) => [map, ""]));
  const maps = await listLabelMaps(base);
  expect((await listPhotos(base, maps)).map((p) => basename(p))).toEqual(["b1.jpg", "b2.jpg", "b10.jpg"]);
  await write(dir, { "maps/1.png": NONE });
  const only = join(dir, "maps");
  await expect(listPairs({ ...options, label_dir: only, image_dir: only })).rejects.toThrow(
    /maps: has no photo beside the label maps \(\.jpg, or another ending than theirs, \.png\) in it; check --image_dir/,
  );
});

test("a folder within another keeps its files for itself", async () => {
  const dir = await scratch();
  await write(dir, { "set/1.png": NONE, "set/2.png": NONE, "set/photos/1.png": NONE, "set/photos/2.png": NONE, "set/photos/inst/1.png": NONE, "set/photos/inst/2.png": NONE }); // prettier-ignore
  const set = join(dir, "set");
  const folders = { label_dir: set, image_dir: join(set, "photos"), instance_dir: join(set, "photos/inst") };
  expect(bare(dir, await listPairs(optionsOf("custom", folders)))).toEqual([
    ["set/1.png", "set/photos/1.png", "set/photos/inst/1.png"],
    ["set/2.png", "set/photos/2.png", "set/photos/inst/2.png"],
  ]);
});

test("names that look equal are equal, and files are opened by their own", async () => {
  const dir = await scratch();
  const names = [NFC, "cafeteria", "na\u00efve"];
  for (const [i, name] of names.entries())
    await write(dir, {
      [`l/${name.normalize("NFC")}.png`]: labelPng(4, 1, () => i),
      [`i/${name.normalize("NFD")}.jpg`]: NONE,
      [`n/${name.normalize("NFD")}.png`]: labelPng(4, 1, () => i),
      [`r/${name.normalize("NFD")}.png`]: NONE,
    });
  const folders = { label_dir: join(dir, "l"), image_dir: join(dir, "i"), instance_dir: join(dir, "n") };
  const listed = await listPairs(optionsOf("custom", folders));
  expect(listed).toHaveLength(3);
  for (const { label, image, instance } of listed) {
    expect(basename(image, ".jpg")).toBe(basename(label, ".png").normalize("NFD"));
    expect(basename(instance!)).toBe(basename(label).normalize("NFD"));
  }
  const results = pairsOf(await listResults(join(dir, "r")), await listLabelMaps(folders.label_dir), "r");
  expect(results.map((p) => basename(p.label).normalize("NFD"))).toEqual(results.map((p) => basename(p.picture)));
  expect(results).toHaveLength(3);
  const stored = new StoredNames();
  expect(await stored.find(folders.instance_dir, `${NFC}.png`)).toBe(join(folders.instance_dir, `${NFD}.png`));
  expect(await stored.find(folders.label_dir, `${NFD}.png`)).toBe(join(folders.label_dir, `${NFC}.png`));
  expect(await stored.find(folders.label_dir, "none.png")).toBe(join(folders.label_dir, "none.png"));
});

test("hidden files and folders, and what systems leave, are no part of a data set", async () => {
  const dir = await scratch();
  for (const [folder, ending] of [
    ["l", "png"],
    ["i", "jpg"],
    ["r/synthesized_image", "png"],
  ])
    // prettier-ignore
    await write(dir, {
      [`${folder}/1.${ending}`]: NONE,
      [`${folder}/.ipynb_checkpoints/1-checkpoint.${ending}`]: NONE,
      [`${folder}/._1.${ending}`]: NONE,
      [`${folder}/.hidden.${ending}`]: NONE,
      [`${folder}/Thumbs.db`]: NONE,
      [`${folder}/desktop.ini`]: NONE,
      [`${folder}/.DS_Store`]: NONE,
    });
  const [label_dir, image_dir] = [join(dir, "l"), join(dir, "i")];
  expect(bare(dir, await listPairs(optionsOf("custom", { label_dir, image_dir })))).toEqual([["l/1.png", "i/1.jpg"]]);
  expect(await listLabelMaps(label_dir)).toEqual([join(label_dir, "1.png")]);
  expect(await listPhotos(image_dir, [])).toEqual([join(image_dir, "1.jpg")]);
  expect(await listResults(join(dir, "r"))).toEqual([join(dir, "r/synthesized_image/1.png")]);
  // A hidden folder that the user gives is read.
  await write(dir, { ".cache/l/1.png": NONE });
  expect(await listLabelMaps(join(dir, ".cache/l"))).toHaveLength(1);
});

test("an instance map too many does not shift the others", async () => {
  const dir = await scratch();
  await write(dir, { "l/2.png": NONE, "l/3.png": NONE, "i/2.jpg": NONE, "i/3.jpg": NONE, "n/1.png": NONE, "n/2.png": NONE, "n/3.png": NONE }); // prettier-ignore
  const folders = { label_dir: join(dir, "l"), image_dir: join(dir, "i"), instance_dir: join(dir, "n") };
  const listed = await listPairs(optionsOf("custom", folders));
  expect(listed.map((p) => basename(p.instance!))).toEqual(["2.png", "3.png"]);
});

test("a file name forges no line of a message, and a damaged file of that name is skipped like others", async () => {
  const dir = await scratch();
  const name = "a\nb\u001b[31m";
  const options = await pairs(dir, 3);
  await write(dir, { [`label/${name}.png`]: "text" });
  await expect(Dataset.open(options)).rejects.toThrow(
    /^4 label maps, 3 photos: no photo for \S+\/a\\nb\\x1b\[31m\.png; /,
  );
  await write(dir, { [`img/${name}.png`]: photoPng(40, 30, () => [0, 0, 0]) });
  const dataset = await Dataset.open({ ...options, on_bad_sample: "skip" });
  const skipped: string[] = [];
  const loader = await Loader.open(dataset, { batchSize: 4, onSkip: (e) => skipped.push(e.message), workers: 0 });
  for await (const batch of loader.batches(1)) expect(batch.labels).toHaveLength(4);
  expect(skipped).toEqual([expect.stringMatching(/\/a\\nb\\x1b\[31m\.png: is not a PNG; /)]);
});

test("130,000 files are paired in seconds", async () => {
  const dir = await scratch();
  const paths = (folder: string) => Array.from({ length: 130_000 }, (_, n) => join(dir, folder, `${n}.png`));
  await write(dir, { "l/files.list": paths("l").join("\n") });
  const listed = await listMaps(optionsOf("custom", { label_dir: join(dir, "l") }));
  expect([listed.length, listed.at(-1)!.label]).toEqual([130_000, join(dir, "l/129999.png")]);
  expect(pairsOf(paths("r"), paths("l"), "r")).toHaveLength(130_000);
});
