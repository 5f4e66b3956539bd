// spade dataset and spade coco-instances: what they print about small data sets with every kind of fault, and what they write.

import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { decode } from "fast-png";
import { describe, expect, test } from "vitest";
import { cocoInstances } from "../../src/cli/commands/coco_instances.ts";
import { lookAtDataset } from "../../src/cli/commands/dataset.ts";
import { smallSize, type Machine } from "../../src/cli/reports/training_size.ts";
import { Progress } from "../../src/cli/terminal/progress.ts";
import { Dataset } from "../../src/datasets/dataset.ts";
import type { DataOptions } from "../../src/datasets/options.ts";
import { decodeLabelPng, encodeLabelPng } from "../../src/formats/images/label_png.ts";
import { BASE_LIMITS, paperTarget, SpadeError } from "../../src/runtime/index.ts";
import { labelColor } from "../../src/pictures/colors.ts";
import { labelPng, optionsOf, photoPng, scratch, write } from "../datasets/folders.ts";

const silent = (): Progress => new Progress({ write: () => true } as unknown as NodeJS.WriteStream, false);

async function look(dir: string, given: Partial<DataOptions>, labels_out?: string) {
  const out = join(dir, "sheet.png");
  const { lines, ok } = await lookAtDataset(given, { out, labels_out }, silent());
  return { ok, text: lines.join("\n").replaceAll(`${dir}/`, ""), lines: lines.map((l) => l.replaceAll(`${dir}/`, "")) };
}

/** Pairs 40 x 30: ids 0, 1, 3 and 255, photos in noise. */
async function good(dir: string, n: number): Promise<Partial<DataOptions>> {
  for (let i = 0; i < n; i++)
    await write(dir, {
      [`label/${i}.png`]: labelPng(40, 30, (x, y) => (y < 15 ? 0 : x < 10 ? 255 : x < 20 ? 1 : 3)),
      [`img/${i}.png`]: photoPng(40, 30, (x, y) => [(x * 7) & 255, (y * 31) & 255, i]),
    });
  return { label_dir: join(dir, "label"), image_dir: join(dir, "img") };
}

test("a sound data set: its ids and the options that train on it", async () => {
  const dir = await scratch();
  const folders = await good(dir, 3);
  const { ok, lines, text } = await look(dir, folders);
  expect(ok).toBe(true);
  expect(lines.slice(0, 5)).toEqual([
    `data set       custom: label, img`,
    "pairs          3",
    "label maps     40 x 30; gray",
    "photos         40 x 30; RGB",
    "instance maps  none",
  ]);
  expect(lines).toContain("ids            4 distinct: 0 to 1, 3, 255");
  expect(lines).toContain("      0   50.00 %       3");
  expect(lines).toContain("    255   12.50 %       3  don't care, label 4");
  expect(text).toContain("1 of 4 labels never occur");
  expect(lines.at(-1)).toBe(
    "  node dist/cli.js train --name mine --dataset_mode custom --label_dir label --image_dir img --label_nc 4 --contain_dontcare_label --no_instance",
  );
  // The options are what the loader takes.
  const options = optionsOf("custom", { ...folders, label_nc: 4, contain_dontcare_label: true, no_instance: true });
  await (await Dataset.open(options)).scan();
});

describe("the size that is proposed", () => {
  const limits = { ...BASE_LIMITS, maxStorageBuffersPerShaderStage: 10 };
  const machine = (software: boolean, more: Partial<typeof limits> = {}): Machine => ({
    ...{ name: "an adapter", software, speed: 20e9 },
    target: paperTarget({ software, limits: { ...limits, maxBufferSize: 2 ** 30, ...more } }),
  });
  async function proposed(of: () => Promise<Machine>, given: Partial<DataOptions> = {}): Promise<string[]> {
    const dir = await scratch();
    const folders = await good(dir, 3);
    const out = join(dir, "sheet.png");
    const { lines } = await lookAtDataset({ ...folders, ...given }, { out }, silent(), of);
    return lines
      .slice(lines.findIndex((line) => /^(adapter|no size)/.test(line)))
      .map((l) => l.replaceAll(`${dir}/`, ""));
  }

  test("is small on a CPU, beside what the published one takes there", async () => {
    const [adapter, small, published, , , command] = await proposed(async () => machine(true));
    expect(adapter).toBe("adapter        an adapter: the CPU");
    const of =
      /^(?:proposed size)? +ngf (\d+) at (\d+)x\d+, batches of 1: about ([\d.]+) (MiB|GiB), ([\d.]+) s a step, .+ an epoch of 3 steps$/;
    const [[, ...a], [, ...b]] = [of.exec(small)!, of.exec(published)!];
    expect([...a.slice(0, 2), ...b.slice(0, 2)]).toEqual(["16", "128", "64", "256"]);
    // ngf 64 at 256x256: 4 bytes of 97 million weights, their gradients and two moments.
    expect([a[3], b[3]]).toEqual(["MiB", "GiB"]);
    expect(Number(b[2])).toBeGreaterThan(1.4);
    expect(Number(b[4])).toBeGreaterThan(10 * Number(a[4]));
    expect(command).toContain(" --load_size 144 --crop_size 128 ");
    expect(command).toMatch(/ --ngf 16 --ndf 16$/);
  });

  test("leaves the user's own size, and changes nothing on a GPU where the published one fits", async () => {
    const own = await proposed(async () => machine(true), { crop_size: 64, load_size: 72 });
    expect(own[1]).toContain("ngf 16 at 64x64");
    expect(own.at(-1)).toMatch(/ --load_size 72 --crop_size 64 .* --ngf 16 --ndf 16$/);
    const gpu = await proposed(async () => machine(false));
    expect(gpu.slice(0, 3)).toEqual(["adapter        an adapter", expect.stringContaining("ngf 64 at 256x256"), ""]);
    expect(gpu.at(-1)).not.toMatch(/--ngf|--crop_size/);
  });

  test("is small too on a GPU whose limits the published one exceeds, and none is proposed without an adapter", async () => {
    const gpu = await proposed(async () => machine(false, { maxStorageBufferBindingSize: 2 ** 24 }));
    expect(gpu[1]).toMatch(/^proposed size  ngf 16 at 128x128/);
    expect(gpu[2]).toMatch(/^ +ngf 64 at 256x256, batches of 1: does not fit, /);
    expect(gpu.at(-1)).toMatch(/ --ngf 16 --ndf 16$/);
    const none = await proposed(() => Promise.reject(new SpadeError("no-adapter", "adapter", "is missing", "get one")));
    expect(none[0]).toBe("no size is proposed: adapter: is missing; get one");
    expect(none.at(-1)).not.toContain("--ngf");
  });

  test("of Cityscapes keeps its shape, and its modes of another size are left alone", () => {
    const o = { dataset_mode: "cityscapes", preprocess_mode: "fixed", crop_size: 512 } as const;
    expect(smallSize({}, o)).toEqual({ ngf: 16, ndf: 16, crop_size: 128, num_upsampling_layers: "normal" });
    expect(smallSize({}, { ...o, preprocess_mode: "none" })).toEqual({ ngf: 16, ndf: 16 });
  });
});

test("the sheet shows each label map in its colours beside its photo", async () => {
  const dir = await scratch();
  await look(dir, await good(dir, 5));
  const sheet = decode(await readFile(join(dir, "sheet.png")));
  // Four pairs of 192 x 144 a row.
  expect([sheet.width, sheet.height, sheet.channels]).toEqual([4 * (2 * 192 + 2 + 8) + 8, 2 * 152 + 8, 3]);
  const at = (x: number, y: number) => [...sheet.data.slice(3 * (y * sheet.width + x), 3 * (y * sheet.width + x) + 3)];
  expect(at(8 + 100, 8 + 20)).toEqual(labelColor(0));
  expect(at(8 + 150, 8 + 120)).toEqual(labelColor(3));
  expect(at(8 + 2 * 192 + 4, 20)).toEqual([32, 32, 32]);
  // The fifth pair's photo has blue 4 everywhere.
  expect(at(8 + 192 + 2 + 60, 160 + 60)[2]).toBe(4);
});

test("everything that is wrong is said at once", async () => {
  const dir = await scratch();
  const folders = await good(dir, 9);
  await write(dir, {
    "label/only.png": labelPng(40, 30, () => 0),
    "img/alone.png": photoPng(40, 30, () => [0, 0, 0]),
    "label/1.png": "text",
    "img/2.png": photoPng(40, 30, () => [0, 0, 0]).slice(0, 70),
    "label/3.png": photoPng(40, 30, (x) => (x < 30 ? [255, 0, 0] : [0, 0, 255])),
    "label/4.png": photoPng(40, 30, (x, y) => [6 * x, 8 * y, 0]),
    "label/5.png": labelPng(40, 30, (x, y) => (x + y === 0 ? 77 : 0)),
    "img/6.png": photoPng(30, 40, () => [0, 0, 0]),
  });
  const { ok, text } = await look(dir, { ...folders, label_nc: 4, contain_dontcare_label: true, batchSize: 64 });
  expect(ok).toBe(false);
  const problems = text.slice(text.indexOf("problems (")).split("\n\n")[0].split("\n");
  expect(problems).toEqual([
    "problems (8):",
    "  - 10 label maps, 10 photos: no photo for label/only.png; add the photos, or move the label maps away",
    "  - 10 label maps, 10 photos: no label map for img/alone.png; add the label maps, or move the photos away",
    "  - label/1.png: is not a PNG; give the label map as PNG, gray or indexed, one id a pixel",
    expect.stringMatching(/^ {2}- img\/2\.png: can't be decoded \(.*\); save or fetch the photo again$/),
    expect.stringMatching(/^ {2}- label\/3\.png: is a picture in colours: 2 distinct ones, #ff0000 75\.0 %, #0000ff 25\.0 %; .*--labels/), // prettier-ignore
    expect.stringMatching(/^ {2}- label\/4\.png: has 1200 distinct colours: a photo, or a map that was antialiased/),
    "  - label/5.png: holds 77, which is no label: legal are 0 to 3 and 255; in all maps such ids are 77, 0.01 % of the pixels; use --label_nc 78 --contain_dontcare_label, or renumber the maps", // prettier-ignore
    "  - --batchSize 64: is more than the 9 pairs, and incomplete batches are not trained on; give 9 or less",
  ]);
  expect(text).toContain("squeezed onto it: 1 photo, the first img/6.png (30 x 40, its label map 40 x 30)");
  expect(text).toContain("when that is corrected, train with");
});

test("colours are listed, written, and read by the list", async () => {
  const dir = await scratch();
  const folders = await good(dir, 2);
  for (const i of [0, 1])
    await write(dir, { [`label/${i}.png`]: photoPng(40, 30, (x) => (x < 30 ? [128, 0, 0] : [0, 255, 7])) });
  const list = join(dir, "my labels.json");
  const first = await look(dir, folders, list);
  expect(first.ok).toBe(false);
  expect(first.lines).toContain("  #800000   75.00 %");
  expect(first.text).toContain("(and 1 more like it)");
  expect(JSON.parse(await readFile(list, "utf8"))).toEqual([
    { id: 0, name: "label 0", color: "#800000" },
    { id: 1, name: "label 1", color: "#00ff07" },
  ]);
  await write(dir, { "my labels.json": JSON.stringify([{ id: 5, name: "wall", color: "#800000" }, { id: 2, name: "roof", color: "#00ff07" }, { id: 8, name: "sky", color: "#0000ff" }]) }); // prettier-ignore
  const second = await look(dir, { ...folders, labels: list });
  expect(second.ok).toBe(true);
  expect(second.lines).toContain("      5   75.00 %       2  wall");
  expect(second.lines.at(-1)).toMatch(/ --label_nc 9 --no_instance --labels 'my labels\.json'$/);
});

/** A data set of these label maps, with photos of their size. */
async function of(dir: string, maps: Uint8Array[]): Promise<Partial<DataOptions>> {
  for (const [i, map] of maps.entries()) {
    const { width, height } = decodeLabelPng(map);
    await write(dir, { [`label/${i}.png`]: map, [`img/${i}.png`]: photoPng(width, height, () => [i, 0, 0]) });
  }
  return { label_dir: join(dir, "label"), image_dir: join(dir, "img") };
}

test("gray levels are a problem, and the list that is written for them reads them", async () => {
  const dir = await scratch();
  const folders = await of(dir, [labelPng(40, 30, (x) => [255, 0, 170, 85][Math.floor(x / 10)]), labelPng(40, 30, () => 0)]); // prettier-ignore
  const list = join(dir, "labels.json");
  const first = await look(dir, folders, list);
  expect(first.ok).toBe(false);
  expect(first.text).toContain(
    "  - label maps: look like 4 classes drawn in gray: their values are 0, 85, 170, 255, evenly spread, and not ids from 0 on; give each its name in labels.json, then use --labels labels.json, which makes gray values colours; if they are ids, use --label_nc 256",
  );
  // How many labels there are is open then, and so is which of them never occur.
  expect(first.text).not.toContain("never occur");
  expect(first.lines.at(-1)).toMatch(/ --label_nc 4 --no_instance --labels labels\.json$/);
  const second = await look(dir, { ...folders, labels: list });
  expect(second.ok).toBe(true);
  expect(second.lines).toContain("label maps     40 x 30; gray by colour");
  expect(second.lines).toContain("ids            4 distinct: 0 to 3");
  expect(second.lines.at(-1)).toMatch(/ --label_nc 4 --no_instance --labels labels\.json$/);
  expect((await look(dir, folders)).text).toContain("--labels_out labels.json writes a list of the gray values");
  // They are ids to a user who says so.
  const stated = await look(dir, { ...folders, label_nc: 256 });
  expect(stated.ok).toBe(true);
  expect(stated.text).toContain("  - the label maps look like 4 classes drawn in gray");
});

test("r = g = b holds ids; beside maps in colours it is black or white", async () => {
  const dir = await scratch();
  const ids = photoPng(40, 30, (x) => (x < 10 ? [0, 0, 0] : x < 20 ? [1, 1, 1] : [2, 2, 2]));
  const { ok, lines, text } = await look(dir, await of(dir, [ids]), join(dir, "labels.json"));
  expect(ok).toBe(true);
  expect(lines).toContain("label maps     40 x 30; gray as RGB");
  expect(lines).toContain("      2   50.00 %       1");
  expect(text).toContain("labels.json is not written: the label maps hold ids");
  expect(lines.at(-1)).toMatch(/ --label_nc 3 --no_instance$/);
  const list = join(dir, "colours.json");
  const folders = await of(dir, [photoPng(40, 30, () => [0, 0, 0]), photoPng(40, 30, (x) => (x < 5 ? [0, 0, 0] : [0, 0, 255]))]); // prettier-ignore
  await look(dir, folders, list);
  expect((JSON.parse(await readFile(list, "utf8")) as { color: string }[]).map((l) => l.color)).toEqual(["#000000", "#0000ff"]); // prettier-ignore
  expect((await look(dir, { ...folders, labels: list })).ok).toBe(true);
});

test("palettes that differ are said once; a list of their colours is written and read", async () => {
  const dir = await scratch();
  const [black, red, green] = [[0, 0, 0], [255, 0, 0], [0, 255, 0]] as [number, number, number][]; // prettier-ignore
  const map = (data: number[], ...palette: [number, number, number][]) =>
    encodeLabelPng({ data: Uint8Array.from(data), width: 2, height: 2 }, palette);
  const folders = await of(dir, [map([0, 1, 1, 2], black, red, green), map([2, 0, 0, 1], red, green, black), map([1, 2, 2, 0], green, black, red)]); // prettier-ignore
  const list = join(dir, "labels.json");
  const first = await look(dir, folders, list);
  expect(first.text.match(/palettes of label maps differ/g)).toHaveLength(1);
  expect(first.text).toContain("(index 0 is #000000 in label/0.png and #ff0000 in label/1.png), and the index is the label"); // prettier-ignore
  const second = await look(dir, { ...folders, labels: list });
  expect(second.lines).toContain("label maps     2 x 2; palette by colour");
  expect(second.lines).toContain("      0   50.00 %       3  label 0");
  expect(second.text).not.toContain("palettes of label maps differ");
  const names = join(dir, "same.json");
  // Where they agree, the list keeps the indices.
  const same = await look(
    dir,
    await of(
      dir,
      [1, 2, 3].map(() => map([2, 2, 1, 0], green, red, black)),
    ),
    names,
  );
  expect(same.ok).toBe(true);
  expect(JSON.parse(await readFile(names, "utf8"))).toEqual([{ id: 0, name: "label 0", color: "#00ff00" }, { id: 1, name: "label 1", color: "#ff0000" }, { id: 2, name: "label 2", color: "#000000" }]); // prettier-ignore
});

test("label_nc itself in files is a problem with its pixels and files", async () => {
  const dir = await scratch();
  const given = { label_nc: 3, contain_dontcare_label: true };
  const maps = [1, 2].map(() => labelPng(40, 30, (x) => (x < 10 ? 3 : x < 20 ? 1 : 2)));
  const from1 = await look(dir, { ...(await of(dir, maps)), ...given });
  expect(from1.ok).toBe(false);
  expect(from1.text).toContain("  - label/0.png: holds 3, which is label_nc itself: legal are 0 to 2 and 255; 600 pixels in 2 label maps have it, 25.00 % of the pixels; the ids run from 1: subtract 1 from each, or use --label_nc 4"); // prettier-ignore
  expect(from1.lines).toContain("      3   25.00 %       2  no label");
  const from0 = await look(dir, { ...(await of(dir, [labelPng(40, 30, (x) => x & 3)])), ...given });
  expect(from0.text).toMatch(/if the ids run from 1, subtract 1 from each; if 3 is a label, use --label_nc 4; if it is don't care, write 255/); // prettier-ignore
});

test("a file name forges no line of the report", async () => {
  const dir = await scratch();
  const folders = await good(dir, 1);
  const name = "b\nproblems (0):\u001b[2K";
  await write(dir, { [`label/${name}.png`]: labelPng(40, 30, () => 0), [`img/${name}.png`]: photoPng(90, 30, () => [0, 0, 0]) }); // prettier-ignore
  const { lines } = await look(dir, folders);
  expect(lines.join("")).not.toContain("\u001b");
  expect(lines.every((line) => !line.includes("\n"))).toBe(true);
  expect(lines.join()).toContain("the first img/b\\nproblems (0):\\x1b[2K.png (90 x 30, its label map 40 x 30)");
});

test("instance maps that add no border, crops beyond the picture, modes that leave sizes open", async () => {
  const dir = await scratch();
  const folders = await good(dir, 2);
  for (const i of [0, 1])
    await write(dir, { [`inst/${i}.png`]: labelPng(40, 30, (x, y) => (y < 15 ? 9 : x < 10 ? 8 : x < 20 ? 7 : 6)) });
  const same = await look(dir, { ...folders, instance_dir: join(dir, "inst") });
  expect(same.lines).toContain("instance maps  2 read; 0 have borders within a label");
  expect(same.text).toContain("--no_instance makes a smaller net");
  await write(dir, { "inst/1.png": labelPng(40, 30, (x) => x) });
  const more = await look(dir, { ...folders, instance_dir: join(dir, "inst") });
  expect(more.lines).toContain("instance maps  2 read; 1 have borders within a label");
  expect(more.lines.at(-1)).toMatch(/--instance_dir inst --label_nc 4 --contain_dontcare_label$/);
  const crop = await look(dir, { ...folders, preprocess_mode: "scale_width_and_crop" });
  expect(crop.text).toMatch(/img\/0\.png: has 286 x 214 pixels under .* and crops of 256 would reach beyond: .*\(and 1 more like it\)/); // prettier-ignore
  const open = await look(dir, { ...folders, preprocess_mode: "scale_width" });
  expect(open.text).toMatch(/label\/0\.png: becomes 286 x 214 under --preprocess_mode scale_width, where the net paints 256 x 256/); // prettier-ignore
});

test("folders that are not there are all named; no data set at all is a usage error", async () => {
  const dir = await scratch();
  const { ok, text } = await look(dir, { dataset_mode: "coco", dataroot: dir });
  expect(ok).toBe(false);
  for (const folder of ["train_label", "train_img", "train_inst"])
    expect(text).toContain(`  - ${folder}: is not a folder`);
  await expect(look(dir, {})).rejects.toThrow(/^the data set: is not given; give --label_dir and --image_dir/);
  await expect(look(dir, { label_dir: dir })).rejects.toThrow(/^--image_dir: is missing/);
});

test("coco-instances reads ids stored as RGB, and names in either form of Unicode", async () => {
  const dir = await scratch();
  const annotations = join(dir, "instances.json");
  await write(dir, {
    "label/cafe\u0301.png": photoPng(8, 8, () => [7, 7, 7]),
    "instances.json": JSON.stringify({ images: [{ id: 1, file_name: "caf\u00e9.jpg" }], annotations: [{ image_id: 1, segmentation: [[3, 3, 6, 3, 6, 6, 3, 6]] }] }), // prettier-ignore
  });
  const [label_dir, out] = [join(dir, "label"), join(dir, "inst")];
  expect(await cocoInstances({ annotations, label_dir, out }, silent())).toEqual([`${out}: 1 instance map with 1 thing`]); // prettier-ignore
  const { data } = decodeLabelPng(await readFile(join(out, "cafe\u0301.png")));
  expect([data[0], data[3 * 8 + 3]]).toEqual([7, 0]);
  await write(dir, { "label/cafe\u0301.png": photoPng(8, 8, () => [7, 8, 7]) });
  await expect(cocoInstances({ annotations, label_dir, out }, silent())).rejects.toThrow(/is a picture in colours/);
});

test("coco-instances writes a map for every label map, and says what has none", async () => {
  const dir = await scratch();
  const square = [3, 3, 6, 3, 6, 6, 3, 6];
  await write(dir, {
    "train_label/a.png": labelPng(8, 8, (x) => (x < 4 ? 0 : 5)),
    "instances.json": JSON.stringify({
      images: [{ id: 1, file_name: "a.jpg" }, { id: 2, file_name: "b.jpg" }],
      annotations: [{ image_id: 1, segmentation: [square] }, { image_id: 1, segmentation: { counts: [] } }],
    }), // prettier-ignore
  });
  const o = {
    annotations: join(dir, "instances.json"),
    label_dir: join(dir, "train_label"),
    out: join(dir, "new/inst"),
  };
  expect(await cocoInstances(o, silent())).toEqual([
    `${o.out}: 1 instance map with 1 thing; 1 annotated picture has no label map in ${o.label_dir}`,
  ]);
  const values = async () => {
    const { data } = decodeLabelPng(await readFile(join(o.out, "a.png")));
    return [data[0], data[2 * 8 + 2], data[5 * 8 + 5], data[6 * 8 + 6], data[7]];
  };
  expect(await values()).toEqual([0, 1, 1, 5, 5]);
  await cocoInstances({ ...o, as_published: true }, silent());
  expect(await values()).toEqual([0, 0, 0, 5, 5]); // the thing is lost in label 0
  await expect(cocoInstances({ ...o, label_dir: dir }, silent())).rejects.toThrow(/has no label map of the 2 pictures .* \(the first would be a\.png\)/); // prettier-ignore
  // A link to the label maps is their folder too.
  await symlink(o.label_dir, join(dir, "link"));
  const before = await readFile(join(o.label_dir, "a.png"));
  for (const out of [`${o.label_dir}/`, join(dir, "link")])
    await expect(cocoInstances({ ...o, out }, silent())).rejects.toMatchObject({
      code: "usage",
      where: join(out, "a.png"),
      problem: "would be written over a label map",
    });
  expect(await readFile(join(o.label_dir, "a.png"))).toEqual(before);
});
