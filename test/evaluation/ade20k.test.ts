// eval with the published segmenter, on a drawn valley: sky, mountains, grass and a road.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { evaluate, type EvalOptions } from "../../src/cli/commands/eval.ts";
import type { Evaluation } from "../../src/cli/reports/evaluation_report.ts";
import { Progress } from "../../src/cli/terminal/progress.ts";
import { encodeLabelPng } from "../../src/formats/images/label_png.ts";
import { pilBilinearResize } from "../../src/pictures/pil_bilinear.ts";
import type { Device } from "../../src/runtime/index.ts";
import { valley } from "../segmenting/drawn.ts";

// The published segmenter needs no ONNX Runtime.
vi.mock("onnxruntime-node", () => {
  throw new Error("not here");
});

const devices: Device[] = [];
vi.mock("../../src/node/dawn.ts", async (original) => {
  const dawn = await original<typeof import("../../src/node/dawn.ts")>();
  const openNodeDevice: typeof dawn.openNodeDevice = async (o) => {
    devices.push(await dawn.openNodeDevice(o));
    return devices.at(-1)!;
  };
  return { ...dawn, openNodeDevice };
});

const root = fileURLToPath(new URL("../..", import.meta.url));
const [SKY, CLOUDS, HILL, GRASS, ROAD, STRANGE] = [0, 1, 2, 3, 4, 9];
const LABELS = ["sky", "clouds", "hill", "grass", "road"].map((name, id) => ({ id, name, color: `#00000${id}` }));
const GROUPS = {
  air: { labels: ["sky", "clouds"], ade20k: ["sky"] },
  ground: { labels: [GRASS, "road"], ade20k: [7, "grass", "field", "earth", "path"] },
};

let dir: string;
const at = (name: string): string => join(dir, name);
const silence = { isTTY: false, write: () => true } as unknown as NodeJS.WriteStream;

async function figures(o: Omit<EvalOptions, "overrides" | "json">): Promise<Evaluation & { lines: string[] }> {
  const lines = await evaluate({ ...o, json: at("out.json"), overrides: {} }, new Progress(silence));
  return { ...(JSON.parse(await readFile(at("out.json"), "utf8")) as Evaluation), lines };
}

async function save(path: string, { data, width, height }: ReturnType<typeof valley>): Promise<void> {
  await sharp(data, { raw: { width, height, channels: 3 } }).toFile(path);
}

/** The valley's labels in a map of 64x64, its first row of clouds. */
function labelAt(x: number, y: number): number {
  if (y === 0) return CLOUDS;
  const [u, v] = [(x + 0.5) * (513 / 64), (y + 0.5) * (513 / 64)];
  if (v >= 330) return Math.abs(u - 256) < v - 330 ? ROAD : GRASS;
  return v >= 230 + Math.abs(((3 * u) % 400) - 200) / 2 ? HILL : SKY;
}

const maps = { ours: (x: number, y: number) => labelAt(x, y), strange: () => STRANGE };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "spade-ade20k-"));
  for (const [name, label] of Object.entries(maps)) {
    await mkdir(at(name));
    const data = Uint8Array.from({ length: 64 * 64 }, (_, p) => label(p % 64, p >> 6));
    await writeFile(join(at(name), "valley.png"), encodeLabelPng({ data, width: 64, height: 64 }));
  }
  for (const folder of ["photos", "painted", "one"]) await mkdir(at(folder));
  await save(join(at("one"), "valley.png"), valley());
  for (const name of ["valley.png", "valley_1.png"]) {
    await save(join(at("photos"), name), valley());
    await save(join(at("painted"), name), pilBilinearResize(valley(), 513, 440));
  }
  await writeFile(at("labels.json"), JSON.stringify(LABELS));
  await writeFile(at("groups.json"), JSON.stringify({ groups: GROUPS }));
  // A file that is called as the segmenter.
  await writeFile(at("ade20k"), "no model");
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const judged = { segmenter: "ade20k", labels: "", label_dir: "", image_dir: "" };
beforeAll(() => Object.assign(judged, { labels: at("labels.json"), label_dir: at("ours"), image_dir: at("one") }));

test("over groups, of photos and of painted pictures of another shape: figures by group, and what is left out", async () => {
  const found = await figures({
    ...judged,
    image_dir: at("photos"),
    groups: at("groups.json"),
    results: at("painted"),
  });
  expect(found.groups).toEqual(["air", "ground"]);
  for (const { scores } of [found.photos!, found.results!]) {
    expect(scores!.accuracy).toBeGreaterThan(0.9);
    expect(scores!.iou).toHaveLength(2);
    for (const iou of scores!.iou) expect(iou).toBeGreaterThan(0.85);
    expect(scores!.leftOut!.map(({ label }) => label)).toEqual([HILL]);
    expect(scores!.pixels + scores!.leftOut![0].pixels).toBe(2 * 64 * 64);
  }
  // The features for the Frechet distance are computed on the same device, which is closed in the end.
  expect(found.frechet!.distance).toBeGreaterThan(0);
  expect(devices).toHaveLength(1);
  expect(devices[0].state).toBe("disposed");
  const { pixels, leftOut } = found.photos!.scores!;
  const share = ((100 * leftOut![0].pixels) / (pixels + leftOut![0].pixels)).toFixed(1);
  expect(found.lines[0]).toMatch(/^IoU +results +photos$/);
  expect(found.lines[1]).toMatch(/^ {2}air +[01]\.\d{3} +[01]\.\d{3}$/);
  expect(found.lines).toContain(`note: ${share} % of the pixels do not count, since no group holds their labels: hill`);
});

test("by label, a note names labels that no class becomes; --void leaves labels out", async () => {
  const all = await figures(judged);
  const { iou, neverFound } = all.photos!.scores!;
  expect(iou[SKY]).toBeGreaterThan(0.85);
  expect(iou[CLOUDS]).toBe(0);
  expect(neverFound).toEqual([CLOUDS]);
  expect(all.labels).toEqual(LABELS.map(({ name }) => name));
  expect(all.lines).toContain(
    "note: no class of the segmenter becomes one of these labels, so that their IoU is 0: clouds",
  );
  const some = await figures({ ...judged, void: [CLOUDS, HILL] });
  expect(some.photos!.scores!.iou[HILL]).toBeNull();
  expect(some.photos!.scores!.accuracy).toBeGreaterThan(all.photos!.scores!.accuracy);
  expect(some.lines.some((line) => line.startsWith("note: "))).toBe(false);
});

test("from the command line: ade20k is the net and ./ade20k a file", async () => {
  const eval_ = (segmenter: string): Promise<{ out: string; err: string }> =>
    new Promise((resolve) => {
      const args = ["eval", "--label_dir", "ours", "--image_dir", "one", "--labels", "labels.json"];
      const all = [join(root, "dist/cli.js"), ...args, "--segmenter", segmenter, "--groups", "groups.json"];
      execFile(process.execPath, all, { cwd: dir }, (_, out, err) => resolve({ out, err }));
    });
  const { out } = await eval_("ade20k");
  expect(out).toMatch(
    /^IoU +photos\n {2}air +[01]\.\d+\n {2}ground +[01]\.\d+\nmIoU +0\.9\d+\npixel accuracy +0\.9\d+\nnote: /,
  );
  expect((await eval_("./ade20k")).err).toMatch(
    /^error: --groups: have classes of ADE20K, and \.\/ade20k has its own; /,
  );
});

describe("refuses", () => {
  test("labels without names, and groups of names without names", async () => {
    const { labels: _, ...nameless } = judged;
    await expect(figures(nameless)).rejects.toThrow(
      "--segmenter ade20k: finds labels by their names, and the names are not known; give --labels FILE.json, --dataset_mode",
    );
    await expect(figures({ ...nameless, groups: at("groups.json") })).rejects.toThrow(
      /groups\.json, group "air": its label "sky" is a name, and no names are known; /,
    );
  });

  test("a map with a label that the list lacks; a published data set's names are known", async () => {
    await expect(figures({ ...judged, label_dir: at("strange") })).rejects.toThrow(
      /holds the label 9, which is not in/,
    );
    const { labels: _, ...nameless } = judged;
    const found = await figures({ ...nameless, label_dir: at("strange"), dataset_mode: "ade20k" });
    expect(found.labels![STRANGE]).toBe("windowpane");
  });

  test("a file that is no model", async () => {
    await expect(figures({ ...judged, segmenter: at("ade20k") })).rejects.toThrow(/onnxruntime-node: can't be loaded/);
  });
});
