// Small data sets on disk, made by the tests that read them.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { encode } from "fast-png";
import { onTestFinished } from "vitest";
import { encodeLabelPng } from "../../src/formats/images/label_png.ts";
import { defaultData, datasetDefaults, type DataOptions, type DatasetMode } from "../../src/datasets/options.ts";

/** A folder that is gone when the test is. */
export async function scratch(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "spade-datasets-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Writes files into a folder; text or bytes by path. */
export async function write(dir: string, files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), content);
  }
}

/** A label PNG of one byte a pixel. */
export function labelPng(width: number, height: number, id: (x: number, y: number) => number): Uint8Array {
  const data = Uint8Array.from({ length: width * height }, (_, p) => id(p % width, Math.floor(p / width)));
  return encodeLabelPng({ data, width, height });
}

/** An RGB PNG. */
export function photoPng(width: number, height: number, rgb: (x: number, y: number) => readonly number[]): Uint8Array {
  const data = Uint8Array.from({ length: width * height }, () => 0);
  const bytes = new Uint8Array(3 * data.length);
  for (let p = 0; p < data.length; p++) bytes.set(rgb(p % width, Math.floor(p / width)), 3 * p);
  return encode({ data: bytes, width, height, channels: 3, depth: 8 });
}

/** A data set's own defaults with a test's changes. */
export function optionsOf(mode: DatasetMode, changes: Partial<DataOptions>): DataOptions {
  return { ...defaultData, ...datasetDefaults(mode), dataset_mode: mode, ...changes };
}

/** `n` pairs whose label map, photo and number agree: labels are n % 5 on the left and 4 on the right, photos have red n. */
export async function pairs(dir: string, n: number, width = 40, height = 30): Promise<DataOptions> {
  for (let i = 0; i < n; i++) {
    await write(dir, {
      [`label/${i}.png`]: labelPng(width, height, (x) => (x < width / 2 ? i % 5 : 4)),
      [`img/${i}.png`]: photoPng(width, height, (x, y) => [i, (3 * x) & 255, (5 * y) & 255]),
    });
  }
  return optionsOf("custom", {
    label_dir: join(dir, "label"),
    image_dir: join(dir, "img"),
    label_nc: 5,
    load_size: 36,
    crop_size: 32,
    batchSize: 2,
  });
}
