// The command: folders and names, scores with a segmenter of colours, distances and styles, and what it refuses.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { evaluate, type EvalOptions } from "../../src/cli/commands/eval.ts";
import type { Evaluation } from "../../src/cli/reports/evaluation_report.ts";
import { Progress } from "../../src/cli/terminal/progress.ts";
import { encodeLabelPng } from "../../src/formats/images/label_png.ts";
import { SpadeError } from "../../src/runtime/errors.ts";
import { noise, plain, vae, weights } from "../api/tiny.ts";
import { colourSegmenter } from "./colour_segmenter.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const camvid = join(root, "../shared/data/camvid");
/** And what a program written apart from this one makes of them: bilinear at pixel centres, labels nearest at pixel centres. */
const PHOTOS = ["0016E5_07963", "0016E5_08013", "0016E5_08063", "0016E5_08113"];
const [ACCURACY, MIOU] = [0.9255, 0.6844];
const COLOURS = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
];
const LABELS = ["car", "tree", "water", "void"].map((name, id) => ({ id, name, color: `#00000${id}` }));

let dir: string;
const at = (...parts: string[]): string => join(dir, ...parts);
type Result = { code: number; out: string; err: string };

function spade(...args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(root, "dist/cli.js"), "eval", ...args], { cwd: dir }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
  });
}

const silence = { isTTY: false, write: () => true } as unknown as NodeJS.WriteStream;
/** Options of the command, their paths in `dir`. */
type Options = Partial<Omit<EvalOptions, "void">> & { label_dir: string; void?: number[] };
const run = (options: Options): Promise<string[]> => {
  const paths = Object.entries(options).map(([name, value]) => [name, typeof value === "string" ? at(value) : value]);
  return evaluate({ overrides: {}, ...(Object.fromEntries(paths) as Options) }, new Progress(silence));
};

/** What it prints, and what --json then holds. */
async function figures(options: Options): Promise<Evaluation & { lines: string[] }> {
  const lines = await run({ ...options, json: "out.json" });
  return { ...(JSON.parse(await readFile(at("out.json"), "utf8")) as Evaluation), lines };
}

/** Columns of 8 pixels: 0 1 2 and a last one of `last`; 32 x 24. */
const columns = (last: number) => ({
  data: Uint8Array.from({ length: 32 * 24 }, (_, p) => [0, 1, 2, last][(p % 32) >> 3]),
  width: 32,
  height: 24,
});

async function picture(path: string, label: (p: number) => number, width = 32, height = 24): Promise<void> {
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => COLOURS[label(Math.floor(i / 3))][i % 3]);
  await mkdir(join(path, ".."), { recursive: true });
  await sharp(data, { raw: { width, height, channels: 3 } }).toFile(path);
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "spade-eval-"));
  await writeFile(at("colours.onnx"), colourSegmenter(16, 12));
  await writeFile(at("labels.json"), JSON.stringify(LABELS));
  await writeFile(at("groups.json"), '{ "groups": { "all": { "labels": [0], "ade20k": [1] } } }');
  await mkdir(at("maps"));
  await mkdir(at("beyond"));
  await writeFile(at("maps/a.png"), encodeLabelPng(columns(0)));
  await writeFile(at("maps/b.png"), encodeLabelPng(columns(3)));
  await writeFile(at("beyond/a.png"), encodeLabelPng(columns(7)));
  // a as its map says; of b the map's void in red, and the water painted as trees.
  const paint = (last: number) => (p: number) => columns(last).data[p];
  const wrong = (p: number): number => [0, 1, 1, 0][(p % 32) >> 3];
  for (const set of ["mine/test_latest", "two/test_1", "two/test_2"]) {
    await picture(at("results", set, "images/synthesized_image/a.png"), paint(0));
    await picture(at("results", set, "images/synthesized_image/b.png"), wrong);
    await picture(at("results", set, "images/input_label/a.png"), paint(1));
  }
  await picture(at("photos/a.jpg"), paint(0));
  await picture(at("photos/b.jpg"), paint(2));
  await picture(at("tall/a.png"), (p) => p % 3, 24, 32);
  await writeFile(at("plain.safetensors"), await weights(plain));
  await picture(at("others/c.png"), (p) => p % 3);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const scored = { label_dir: "maps", segmenter: "colours.onnx", labels: "labels.json" };

describe("scores", () => {
  test("of what test wrote, by any of its folders, void by its name", async () => {
    const { results, labels, frechet } = await figures({ ...scored, results: "results/mine" });
    // Counted: 7 columns of 8 pixels. Cars: 3 of 3. Trees: 2 of 2, and 1 column of water. Water: 1 of 2.
    expect(results!.scores!.iou).toEqual([1, 2 / 3, 1 / 2, null]);
    expect(results!.scores!.accuracy).toBeCloseTo(6 / 7, 12);
    expect(results!.scores!.mIoU).toBeCloseTo((1 + 2 / 3 + 1 / 2) / 3, 12);
    expect(results).toMatchObject({ folder: at("results/mine"), pictures: 2 });
    expect(labels).toEqual(["car", "tree", "water", "void"]);
    expect(frechet).toBeUndefined();
    for (const part of ["test_latest", "test_latest/images", "test_latest/images/synthesized_image"]) {
      const same = await figures({ ...scored, results: `results/mine/${part}` });
      expect(same.results!.scores).toEqual(results!.scores);
    }
  });

  test("--void says what does not count", async () => {
    const { results } = await figures({ ...scored, results: "results/mine", void: [2] });
    // Column 3 of b counts now, and is not found.
    expect(results!.scores!.iou).toEqual([3 / 4, 1, null, 0]);
  });

  test("photos can be judged alone", async () => {
    const { results, photos } = await figures({ ...scored, image_dir: "photos", void: [3] });
    expect(results).toBeUndefined();
    expect(photos!.scores!.accuracy).toBe(1);
  });

  test("from the command line: a table with names and exit code 0, an error in one line and exit code 1", async () => {
    const args = ["--results", "results/mine", "--label_dir", "maps", "--segmenter", "colours.onnx"];
    const { code, out } = await spade(...args, "--labels", "labels.json");
    expect(code).toBe(0);
    expect(out).toMatch(/^IoU +results\n +0 car +1\.000\n +1 tree +0\.667\n +2 water +0\.500\nmIoU +0\.722\n/);
    expect(out).toMatch(/pixel accuracy +0\.857\nresults: 2 pictures of results\/mine\n$/);
    const void_ = await spade(...args, "--void", "2", "3");
    expect(void_.out).toMatch(/^IoU +results\n +0 +1\.000\n +1 +1\.000\nmIoU +1\.000\n/);
    const refused = await spade(...args, "--void", "x");
    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(refused.err).toMatch(/Give a whole number from 0 on/);
    const nothing = await spade("--label_dir", "maps");
    expect(nothing).toMatchObject({ code: 1, out: "" });
    expect(nothing.err).toBe(
      "error: eval: has nothing to measure; give --results DIR, --weights FILE, or --segmenter with --image_dir\n",
    );
  });

  test.skipIf(!existsSync(camvid))("of four photos of CamVid with a real segmenter (needs ../shared)", async () => {
    await mkdir(at("street"));
    await symlink(camvid, at("camvid"));
    for (const name of PHOTOS) await symlink(join(camvid, "val_img", `${name}.jpg`), at("street", `${name}.jpg`));
    const segmenter = "camvid/espnet_camvid.onnx";
    const { results } = await figures({ results: "street", label_dir: "camvid/val_label", segmenter, void: [11] });
    expect(results!.pictures).toBe(4);
    expect(results!.scores!.accuracy).toBeCloseTo(ACCURACY, 3);
    expect(results!.scores!.mIoU).toBeCloseTo(MIOU, 3);
  });
});

describe("distances", () => {
  test("to photos, and between styles", async () => {
    await writeFile(at("vae.safetensors"), await weights(vae));
    await mkdir(at("noise"));
    for (const [i, name] of ["a", "b"].entries()) {
      const { width, height, data } = noise(64, 64, 4, i);
      await writeFile(at("noise", `${name}.png`), encodeLabelPng({ width, height, data: Uint8Array.from(data) }));
    }
    const { frechet, diversity, lines } = await figures({
      label_dir: "noise",
      results: "results/mine",
      image_dir: "photos",
      weights: "vae.safetensors",
    });
    expect(frechet!.name).toBe("Frechet distance (SqueezeNet fire9)");
    expect(frechet!.distance).toBeGreaterThan(1);
    expect(lines).toContain(
      `${frechet!.name}: ${frechet!.distance.toFixed(2)} (not comparable with a FID over Inception's features)`,
    );
    expect(diversity).toMatchObject({ maps: 2 });
    expect(diversity!.styles).toBeGreaterThan(0);
    expect(diversity!.photos).toBeGreaterThan(1);
    const less = diversity!.styles < 0.1 * diversity!.photos!;
    expect(lines.some((line) => line.includes("--lambda_kld"))).toBe(less);
  });
});

describe("refuses", () => {
  test.each<[Options, RegExp]>([
    [
      { label_dir: "maps", results: "results/mine" },
      /nothing to be measured by; give --segmenter ade20k or FILE\.onnx/,
    ],
    [{ ...scored, results: "others" }, /others: none of its pictures \(1\) is called as one of the 2 label maps/],
    [{ ...scored, results: "results/two" }, /holds 2 sets of results; give one: .*test_1.*, .*test_2/],
    [{ ...scored, results: "nowhere" }, /nowhere: holds no picture/],
    [{ ...scored, results: "results/mine", label_dir: "beyond" }, /beyond\/a\.png: holds the label 7, .* knows 0 to 3/],
    [{ ...scored, results: "results/mine", image_dir: "tall" }, /a\.png: is 24 x 32 where its label map is 32 x 24/],
    [{ ...scored, results: "results/mine", segmenter: "labels.json" }, /labels\.json: can't be loaded/],
    [{ ...scored, weights: "plain.safetensors" }, /--segmenter: has no pictures to find labels in; give --results or/],
    [{ label_dir: "maps", weights: "plain.safetensors" }, /trained without VAE/],
    [
      { ...scored, results: "results/mine", groups: "groups.json" },
      /--groups: have classes of ADE20K, and .*colours\.onnx/,
    ],
    [
      { label_dir: "maps", image_dir: "photos", results: "results/mine", groups: "groups.json" },
      /--groups: have no segm/,
    ],
  ])("%j", async (options, message) => {
    await expect(run(options)).rejects.toThrow(message);
    await expect(run(options)).rejects.toBeInstanceOf(SpadeError);
  });
});
