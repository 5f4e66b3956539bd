// spade label: the maps, the report and what a second run does, with the published segmenter on drawn photos.

import { spawnSync } from "node:child_process";
import { readFile, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decode, encode } from "fast-png";
import { expect, test } from "vitest";
import { labelPhotos, type LabelCommand } from "../../src/cli/commands/label.ts";
import { Progress } from "../../src/cli/terminal/progress.ts";
import { landscapeLabels } from "../../src/pictures/landscape_labels.ts";
import { publishedLabels } from "../../src/datasets/names.ts";
import { decodeLabelPng } from "../../src/formats/images/label_png.ts";
import { pilBilinearResize } from "../../src/pictures/pil_bilinear.ts";
import { scratch, write } from "../datasets/folders.ts";
import { failure } from "../formats/helpers.ts";
import { valley } from "../segmenting/drawn.ts";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const quiet = (): Progress => new Progress({ write: () => true } as unknown as NodeJS.WriteStream, false);
const never = new AbortController().signal;

/** The drawn valley as a PNG: sky above a road and grass. */
const photo = (width: number, height: number): Uint8Array =>
  encode({ ...pilBilinearResize(valley(), width, height), channels: 3, depth: 8 });

async function label(dir: string, given: Partial<LabelCommand> = {}, signal = never) {
  const o = { image_dir: join(dir, "img"), out: join(dir, "maps"), sheet: join(dir, "sheet.png"), min_confidence: 0 };
  const { lines, whole } = await labelPhotos({ ...o, ...given }, quiet(), signal);
  const clean = lines.map((l) => l.replaceAll(`${dir}/`, "").replaceAll("node dist/cli.js", "spade"));
  return { lines: clean, text: clean.join("\n"), whole };
}

const mapOf = async (dir: string, name: string) =>
  decodeLabelPng(new Uint8Array(await readFile(join(dir, "maps", name))));
const idOf = (name: string): number => landscapeLabels().find((l) => l.name === name)!.id;

test("photos of any size and folder get maps of their size; the data set is sound; a second run goes on", async () => {
  const dir = await scratch();
  const spade = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { cwd: dir, encoding: "utf8" });
    return { code: status, lines: stdout.trimEnd().split("\n"), text: stdout, err: stderr };
  };
  const run = (...more: string[]) => spade("label", "--image_dir", "img", "--out", "maps", ...more);
  await write(dir, { "img/a.png": photo(120, 80), "img/b/c.PNG": photo(64, 96), "img/d.jpg": "no picture" });
  const first = run();
  expect(first.code, first.err).toBe(1);
  expect(first.lines[0]).toMatch(/^maps: 2 maps of 3 photos, \d+\.\d\d s a photo$/);
  expect(first.text).toMatch(/left out \(1\):\n {2}- img\/d\.jpg: can't be decoded/);
  expect(first.text).toMatch(/ 0 +\d\d\.\d\d % {2}sky\n/);
  const map = await mapOf(dir, "a.png");
  expect([map.width, map.height, map.kind]).toEqual([120, 80, "gray"]);
  expect(map.data[5 * 120 + 60]).toBe(idOf("sky"));
  expect(await mapOf(dir, "b/c.png")).toMatchObject({ width: 64, height: 96 });
  expect(decode(await readFile(join(dir, "label.png"))).height).toBe(144 + 16);

  // What it prints next finds pairs.
  const next = first.lines.at(-1)!;
  expect(next).toMatch(/ dataset --label_dir maps --image_dir img --labels maps\/labels\.json$/);
  await rm(join(dir, "img/d.jpg"));
  const looked = spade(...next.slice(next.indexOf("dataset")).split(" "));
  expect(looked.code, looked.text).toBe(0);
  expect(looked.lines.at(-1)).toContain("--label_nc 16 ");

  await rm(join(dir, "maps/a.png"));
  const kept = await stat(join(dir, "maps/b/c.png"));
  const second = run();
  expect(second.code).toBe(0);
  expect(second.lines[0]).toMatch(/^maps: 2 maps of 2 photos, 1 of them from before, /);
  expect((await stat(join(dir, "maps/b/c.png"))).mtimeMs).toBe(kept.mtimeMs);
  expect((await mapOf(dir, "a.png")).data).toEqual(map.data);

  // Other labels do not mix with these.
  expect(run("--dataset_mode", "coco").err).toMatch(
    /maps: holds 2 maps of these photos, made with other labels, .*--force/,
  );
  expect(run("--dataset_mode", "coco", "--force").code).toBe(0);
  expect(publishedLabels("coco")![(await mapOf(dir, "a.png")).data[5 * 120 + 60]].name).toBe("sky-other");
});

test("a mapping, a least confidence, and a stop", async () => {
  const dir = await scratch();
  const map = join(dir, "map.json");
  await write(dir, {
    "img/a.png": photo(40, 30),
    "img/b.png": photo(40, 30),
    "map.json": '{ "sky": "clouds", "grass": null }',
  });
  const stop = new AbortController();
  stop.abort();
  const stopped = await label(dir, { map }, stop.signal);
  expect([stopped.whole, stopped.lines[0]]).toEqual([false, "maps: 0 maps of 2 photos"]);
  expect(stopped.text).toContain("stopped: the same command goes on where it was");
  expect(await readdir(join(dir, "maps"))).toEqual(["label.json", "labels.json"]);

  const { text } = await label(dir, { map });
  const { data } = await mapOf(dir, "a.png");
  expect(data[2 * 40 + 20]).toBe(idOf("clouds"));
  expect(data).toContain(255);
  expect(text).toMatch(/255 +\d+\.\d\d % {2}unknown: .*grass \d/);

  const sure = await label(dir, { map, min_confidence: 1, out: join(dir, "sure") });
  expect(sure.text).toMatch(/255 +100\.00 % {2}unknown: unsure 100\.00 %/);
});

test("options and folders that can't work are refused before any photo is read", async () => {
  const dir = await scratch();
  await write(dir, {
    "img/a.png": photo(8, 8),
    "twice/a.png": "",
    "twice/a.jpg": "",
    "labels.json": '[{ "id": 255, "name": "void", "color": "#000" }]',
    "map.json": '{ "sky": "heaven" }',
    "foreign/a.png": photo(8, 8),
  });
  const message = async (given: Partial<LabelCommand>): Promise<string> =>
    (await failure(() => label(dir, given))).message.replaceAll(`${dir}/`, "");
  expect(await message({ out: join(dir, "img/maps") })).toMatch(/^--out: .*lies among the photos/);
  expect(await message({ image_dir: join(dir, "twice") })).toMatch(
    /twice\/a\.jpg and twice\/a\.png would have one map, a\.png/,
  );
  expect(await message({ labels: join(dir, "labels.json") })).toMatch(/^labels\.json: has a label 255, /);
  expect(await message({ map: join(dir, "map.json") })).toMatch(
    /^mapping, "sky": its label "heaven" is none of the set's; /,
  );
  expect(await message({ out: join(dir, "foreign") })).toMatch(
    /foreign: holds 1 map of these photos, which this command has not made/,
  );
});
