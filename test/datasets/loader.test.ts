// Batches are the same whatever decodes them: this thread, one thread or three, from any batch on.

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Dataset } from "../../src/datasets/dataset.ts";
import { Loader, type LoadedBatch, type LoaderOptions } from "../../src/datasets/loader.ts";
import type { DataOptions } from "../../src/datasets/options.ts";
import type { SpadeError } from "../../src/runtime/errors.ts";
import { labelPng, pairs, photoPng, scratch, write } from "./folders.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
// Inside the repository: the bundle looks for sharp from where it lies.
const built = join(root, ".setup", `loader-test-${process.pid}`);
const workerFile = pathToFileURL(join(built, "decode_worker.js"));

beforeAll(async () => {
  await build({
    entryPoints: [join(root, "src/datasets/decode_worker.ts")],
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: ["sharp"],
    outfile: join(built, "decode_worker.js"),
  });
  await mkdir(built, { recursive: true });
  await writeFile(join(built, "package.json"), '{ "type": "module" }');
});
afterAll(() => rm(built, { recursive: true, force: true }));

async function open(options: DataOptions, loading: Partial<LoaderOptions> = {}): Promise<Loader> {
  const loader = await Loader.open(await Dataset.open(options), {
    batchSize: options.batchSize,
    workerFile,
    ...loading,
  });
  onTestFinished(() => loader.close());
  return loader;
}

async function all(loader: Loader, epoch: number, from = 0): Promise<LoadedBatch[]> {
  const batches: LoadedBatch[] = [];
  for await (const batch of loader.batches(epoch, from)) batches.push(batch);
  return batches;
}

test("threads change nothing, and an epoch goes on where it was left", async () => {
  const dir = await scratch();
  const options = await pairs(dir, 7);
  const here = await open(options, { workers: 0 });
  const wanted = [await all(here, 1), await all(here, 2)];
  expect(wanted.map((epoch) => epoch.map((b) => b.index))).toEqual([[0, 1, 2], [0, 1, 2]]); // prettier-ignore
  expect(wanted[0][0].paths).not.toEqual(wanted[1][0].paths);
  for (const workers of [1, 3]) {
    const loader = await open(options, { workers, ahead: workers });
    expect(loader.workers).toBe(workers);
    expect([await all(loader, 1), await all(loader, 2)]).toEqual(wanted);
    expect(await all(loader, 1, 2)).toEqual(wanted[0].slice(2));
    expect(loader.waited).toBeGreaterThan(0);
  }
});

test("a batch holds the files' pixels in [-1,1], and their ids", async () => {
  const dir = await scratch();
  const options = {
    ...(await pairs(dir, 3, 32, 32)),
    preprocess_mode: "crop" as const,
    no_flip: true,
    serial_batches: true,
  };
  const [first, ...rest] = await all(await open(options, { workers: 1 }), 1);
  expect(rest).toEqual([]); // the third picture fills no batch
  expect(first.paths.map((p) => p.slice(dir.length))).toEqual(["/img/0.png", "/img/1.png"]);
  expect(first.image.length).toBe(2 * 32 * 32 * 3);
  expect(first.image[0]).toBe(-1);
  expect(first.image[32 * 32 * 3]).toBeCloseTo((1 / 255 - 0.5) / 0.5, 7); // red of picture 1
  expect(first.image[3 * (32 * 2 + 5) + 1]).toBeCloseTo((15 / 255 - 0.5) / 0.5, 7);
  expect(first.labels.map((m) => [m.width, m.height, m.data[0], m.data[31]])).toEqual([[32, 32, 0, 4], [32, 32, 1, 4]]); // prettier-ignore
  expect(first.instances).toBeUndefined();
});

test("at test time the last batch may be smaller", async () => {
  const dir = await scratch();
  const options = { ...(await pairs(dir, 3)), isTrain: false, serial_batches: true };
  expect((await all(await open(options, { workers: 1 }), 1)).map((b) => b.paths.length)).toEqual([2, 1]);
});

test("a damaged file stops the run by its name, or is left out and told once", async () => {
  const dir = await scratch();
  const options = { ...(await pairs(dir, 4)), serial_batches: true };
  await write(dir, { "img/1.png": photoPng(40, 30, () => [1, 2, 3]).slice(0, 60) });
  await expect(all(await open(options, { workers: 2 }), 1)).rejects.toThrow(
    /img\/1\.png: can't be decoded \(.*\); save or fetch/,
  );
  const skip = { ...options, on_bad_sample: "skip" as const };
  for (const workers of [0, 2]) {
    const told: SpadeError[] = [];
    const loader = await open(skip, { workers, onSkip: (e) => told.push(e) });
    const epochs = [await all(loader, 1), await all(loader, 2)];
    for (const epoch of epochs)
      expect(epoch.map((b) => b.paths.map((p) => p.at(-5)))).toEqual([["0", "2"], ["2", "3"]]); // prettier-ignore
    expect(told.map((e) => e.where)).toEqual([join(dir, "img/1.png")]);
  }
  for (let i = 0; i < 4; i++) await write(dir, { [`label/${i}.png`]: "no picture" });
  const loader = await open(skip, { workers: 1, onSkip: () => undefined });
  await expect(all(loader, 1)).rejects.toThrow(/label\/\d\.png: is not a PNG/);
  await expect(all(loader, 5)).rejects.toThrow(/is not a PNG/);
});

test("an illegal id in a thread is the same error as here", async () => {
  const dir = await scratch();
  const options = await pairs(dir, 2);
  await write(dir, { "label/1.png": labelPng(40, 30, (x, y) => (x === 7 && y === 3 ? 9 : 1)) });
  const message = /label\/1\.png: pixel \(x 7, y 3\) has the value 9, legal are 0\.\.4; /;
  for (const workers of [0, 1]) {
    const error = await all(await open(options, { workers }), 1).catch((e: unknown) => e);
    expect(error).toMatchObject({
      name: "SpadeError",
      code: "label",
      message: expect.stringMatching(message) as unknown,
    });
  }
});

test("a thread that dies names the picture and ends the run, even where bad samples are skipped", async () => {
  const dir = await scratch();
  const options = { ...(await pairs(dir, 4)), serial_batches: true, on_bad_sample: "skip" as const };
  const dies = join(built, "dies.js");
  await writeFile(
    dies,
    'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => { throw new Error("out of luck"); });',
  );
  const loader = await open(options, { workers: 1, workerFile: pathToFileURL(dies) });
  await expect(all(loader, 1)).rejects.toThrow(/img\/0\.png: its decoding thread ended \(out of luck\); /);
  await expect(all(loader, 1)).rejects.toThrow(/its decoding thread ended/);
});

test("a data set smaller than a trained batch is refused", async () => {
  const dir = await scratch();
  const options = await pairs(dir, 2);
  await expect(open({ ...options, batchSize: 3 })).rejects.toThrow(
    /^--batchSize 3: is more than the data set has \(2\)/,
  );
});

test("pictures of several sizes make no batch", async () => {
  const dir = await scratch();
  const options = await pairs(dir, 2);
  await write(dir, { "label/1.png": labelPng(30, 60, () => 1), "img/1.png": photoPng(30, 60, () => [0, 0, 0]) });
  const loader = await open({ ...options, isTrain: false, serial_batches: true, preprocess_mode: "scale_width" });
  await expect(all(loader, 1)).rejects.toThrow(
    /img\/1\.png: becomes 36 x 72, where .*img\/0\.png in its batch is 36 x 27; /,
  );
});
