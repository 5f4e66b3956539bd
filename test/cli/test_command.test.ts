// The test command and the styles of pictures, on tiny nets and data sets made here.

import { loadGenerator } from "../../src/painting/open_net.ts";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { generate } from "../../src/cli/commands/generate.ts";
import { windowsOf } from "../../src/painting/windows.ts";
import { Progress } from "../../src/cli/terminal/progress.ts";
import { testNet } from "../../src/cli/commands/test.ts";
import { resolveTestOptions } from "../../src/cli/options/test_options.ts";
import { fileSink } from "../../src/formats/file.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import type { LabelMap } from "../../src/labels/label_map.ts";
import { labelColor } from "../../src/pictures/colors.ts";
import { calibratedState } from "../../src/painting/calibrated.ts";
import { defaultConfig, type Config } from "../../src/models/config.ts";
import { encoderNet } from "../../src/models/nets/encoder.ts";
import { EncoderRunner } from "../../src/painting/encoder_runner.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { keyedSeed, normalValues } from "../../src/models/philox.ts";
import { SpadePainter } from "../../src/painting/spade_painter.ts";
import { seededState, type HostState } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { toPicture } from "../../src/painting/present/picture.ts";
import { labelPng, photoPng } from "../datasets/folders.ts";
import { testDevice } from "../support/device.ts";

const SIZE = 64;
const config: Config = {
  ...defaultConfig,
  label_nc: 4,
  contain_dontcare_label: false,
  no_instance: true,
  ngf: 1,
  z_dim: 6,
  use_vae: true,
  crop_size: SIZE,
};
const encoderConfig = { ngf: 2, z_dim: 6, norm_E: "spectralinstance" };
const label = (n: number) => (x: number, y: number) => ((x >> 4) + (y >> 4) + n) % 4;
const photo = (n: number) => (x: number, y: number) => [(40 * n + 8 * x) & 255, (9 * y) & 255, 90];

let dir: string;
let notes: string[];
const at = (...names: string[]): string => join(dir, ...names);
const states = new Map<string, HostState>();

async function save(name: string, state: HostState, c?: Config): Promise<void> {
  states.set(name, state);
  const tensors = [...state].map(([key, { shape, data }]) => ({
    name: key,
    dtype: "F32" as const,
    shape,
    data: () => new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  }));
  await writeSafetensors(await fileSink(at("checkpoints", name)), tensors, c ? { config: JSON.stringify(c) } : {});
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "spade-test-"));
  for (const folder of ["checkpoints/vae", "checkpoints/plain", "label", "image"])
    await mkdir(at(folder), { recursive: true });
  for (let n = 0; n < 3; n++) {
    await writeFile(at("label", `p ${n}.png`), labelPng(SIZE, SIZE, label(n)));
    await writeFile(at("image", `p ${n}.png`), photoPng(SIZE, SIZE, photo(n)));
  }
  const device = await testDevice();
  const map: LabelMap = {
    data: Uint8Array.from({ length: SIZE * SIZE }, (_, p) => label(0)(p % SIZE, Math.floor(p / SIZE))),
    width: SIZE,
    height: SIZE,
  };
  const calibrated = (c: Config, z?: Float32Array): Promise<HostState> =>
    calibratedState(device, c, 1, windowsOf(c, [map], null), z);
  await save("vae/latest_net_G.safetensors", await calibrated(config, normalValues(1, config.z_dim)), config);
  await save("vae/latest_net_E.safetensors", seededState(encoderNet(encoderConfig).shapes, 2, 1));
  const plain = { ...config, use_vae: false };
  await save("plain/latest_net_G.safetensors", await calibrated(plain), plain);
});
afterAll(() => rm(dir, { recursive: true, force: true }));
beforeEach(() => void (notes = []));

/** A progress whose lines are kept. */
function quietProgress(): Progress {
  return new Progress({ write: (line: string) => (notes.push(line), true) } as unknown as NodeJS.WriteStream, false);
}

async function run(
  name: string,
  stated: Record<string, unknown> = {},
  control = new AbortController(),
  started: (path: string) => void = () => undefined,
): Promise<Awaited<ReturnType<typeof testNet>>> {
  const o = resolveTestOptions({
    name,
    checkpoints_dir: at("checkpoints"),
    results_dir: at("results"),
    dataset_mode: "custom",
    label_dir: at("label"),
    image_dir: at("image"),
    dtype: "f32",
    ...stated,
  });
  return testNet(o, quietProgress(), control.signal, started);
}

const folder = (name: string): string => at("results", name, "test_latest");
const pixels = async (path: string): Promise<number[]> => [...decode(await readFile(path)).data];

const runners = new Map<string, Promise<{ c: Config; runner: SpadePainter }>>();

async function openRunner(name: string): Promise<{ c: Config; runner: SpadePainter }> {
  const device = await testDevice();
  const c = { ...config, use_vae: name === "vae" };
  const source = memorySource(states.get(`${name}/latest_net_G.safetensors`)!);
  return { c, runner: await SpadePainter.create(device, c, await loadGenerator(device, c, source, "f32")) };
}

/** What a runner of the test's own paints of map n, as bytes. */
async function painted(name: string, n: number, z?: Float32Array): Promise<number[]> {
  if (!runners.has(name)) runners.set(name, openRunner(name));
  const { c, runner } = await runners.get(name)!;
  const data = Uint8Array.from({ length: SIZE * SIZE }, (_, p) => label(n)(p % SIZE, Math.floor(p / SIZE)));
  await runner.setMap(windowsOf(c, [{ data, width: SIZE, height: SIZE }], null));
  const { data: rgba } = toPicture(await runner.paint(z), SIZE, SIZE);
  return [...rgba].filter((_, i) => i % 4 < 3);
}

async function encoded(n: number): Promise<{ mu: Float32Array; logvar: Float32Array }> {
  const device = await testDevice();
  const net = encoderNet(encoderConfig);
  const state = states.get("vae/latest_net_E.safetensors")!;
  const parameters = await ParameterStore.loadNet(device, net, memorySource(state), "f32");
  const encoder = await EncoderRunner.create(device, encoderConfig, parameters, { h: SIZE, w: SIZE });
  const rgb = Array.from({ length: SIZE * SIZE }, (_, p) => photo(n)(p % SIZE, Math.floor(p / SIZE))).flat();
  // Torch's order of roundings: pictures are compared byte for byte.
  const result = await encoder.encode(Float32Array.from(rgb, (v) => Math.fround(Math.fround(v / 255) - 0.5) / 0.5));
  encoder.dispose();
  return result;
}

test("a net without VAE: pictures, coloured maps and a page, without reading a photo", async () => {
  const started: string[] = [];
  const result = await run("plain", { image_dir: "", how_many: 2 }, undefined, (path) => started.push(path));
  const index = join(folder("plain"), "index.html");
  expect(result).toEqual({ line: `painted 2 label maps: ${index}`, whole: true });
  expect(started).toEqual([at("label", "p 0.png"), at("label", "p 1.png")]);
  for (const kind of ["input_label", "synthesized_image"])
    expect((await readdir(join(folder("plain"), "images", kind))).sort()).toEqual(["p 0.png", "p 1.png"]);
  for (const n of [0, 1]) {
    const colors = Array.from({ length: SIZE * SIZE }, (_, p) => labelColor(label(n)(p % SIZE, Math.floor(p / SIZE))));
    expect(await pixels(join(folder("plain"), "images/input_label", `p ${n}.png`))).toEqual(colors.flat());
    expect(await pixels(join(folder("plain"), "images/synthesized_image", `p ${n}.png`))).toEqual(
      await painted("plain", n),
    );
  }
  const page = await readFile(index, "utf8");
  expect(page).toContain("<title>Experiment = plain, Phase = test, Epoch = latest</title>");
  const links = [...page.matchAll(/src="([^"]+)"/g)].map(([, link]) => decodeURIComponent(link));
  expect(links).toHaveLength(4);
  for (const link of links) expect(existsSync(join(folder("plain"), link))).toBe(true);
});

describe("styles", () => {
  const picture = (name: string): Promise<number[]> =>
    pixels(join(folder("vae"), "images/synthesized_image", `${name}.png`));

  test("left out: of each photo through the encoder, with noise, as published", async () => {
    await run("vae", { how_many: 2, seed: 5 });
    for (const n of [0, 1]) {
      const { mu, logvar } = await encoded(n);
      const eps = normalValues(keyedSeed(5, `test ${n} 0`), config.z_dim);
      const z = mu.map((m, i) => m + Math.exp(0.5 * logvar[i]) * eps[i]);
      expect(await picture(`p ${n}`)).toEqual(await painted("vae", n, z));
    }
  });

  test("left out where there are no photos: the mean, and a note says so", async () => {
    await run("vae", { how_many: 1, image_dir: "" });
    expect(notes.join("")).toMatch(/note: there are no photos to take styles from \(--image_dir: is not given\)/);
    expect(await picture("p 0")).toEqual(await painted("vae", 0, new Float32Array(config.z_dim)));
  });

  test("several pictures a map, by seeds that go on", async () => {
    await rm(folder("vae"), { recursive: true, force: true });
    await run("vae", { how_many: 1, style: "seed:7", n_samples: 2 });
    expect((await readdir(join(folder("vae"), "images/synthesized_image"))).sort()).toEqual(["p 0_1.png", "p 0_2.png"]);
    for (const n of [0, 1])
      expect(await picture(`p 0_${n + 1}`)).toEqual(await painted("vae", 0, normalValues(7 + n, config.z_dim)));
    expect(await readFile(join(folder("vae"), "index.html"), "utf8")).toMatch(/p%200_1\.png.+\n.+p%200_2\.png/);
  });

  test("of one picture for all, in test and in generate", async () => {
    const wanted = await painted("vae", 0, (await encoded(2)).mu);
    await run("vae", { how_many: 1, style: at("image", "p 2.png") });
    expect(await picture("p 0")).toEqual(wanted);
    const lines: string[] = [];
    const o = { label: [at("label", "p 0.png")], out: at("styled.png"), style: at("image", "p 2.png") };
    const weights = at("checkpoints/vae/latest_net_G.safetensors");
    for await (const line of generate({ ...o, weights, dtype: "f32", overrides: {} }, quietProgress()))
      lines.push(line);
    expect(lines[0]).toContain(`style ${o.style}`);
    expect(await pixels(at("styled.png"))).toEqual(wanted);
  });
});

test("an abort ends after the picture at hand; what is painted has its page", async () => {
  const control = new AbortController();
  const result = await run("plain", { results_dir: at("aborted") }, control, () => control.abort());
  expect(result.whole).toBe(false);
  expect(result.line).toMatch(/^painted 1 of 3 label maps: /);
  const page = await readFile(at("aborted/plain/test_latest/index.html"), "utf8");
  expect(page.match(/<h3>/g)).toHaveLength(1);
});

describe("refused in one line, before anything is painted", () => {
  const cases: [string, string, Record<string, unknown>, RegExp][] = [
    [
      "no such net",
      "none",
      {},
      /none\/latest_net_G\.safetensors: does not exist, nor a \.pth of that name; check --name/,
    ],
    ["no such epoch", "plain", { which_epoch: "7" }, /plain\/7_net_G\.safetensors: does not exist/],
    ["styles of a net without VAE", "plain", { style: "random" }, /--style random: this net was trained without VAE/],
    ["samples without VAE", "plain", { n_samples: 2 }, /--n_samples 2: this net was trained without VAE/],
    ["samples of one style", "vae", { n_samples: 2, style: "mean" }, /--n_samples 2 --style mean: is one style/],
    ["encoded without photos", "vae", { style: "encoded", image_dir: "" }, /--image_dir: is not given/],
    ["a folder that is not there", "plain", { label_dir: "/nowhere" }, /\/nowhere: is not a folder/],
  ];
  test.each(cases)("%s", async (_what, name, stated, message) => {
    await expect(run(name, { results_dir: at("refused"), ...stated })).rejects.toThrow(message);
    expect(existsSync(at("refused", name))).toBe(false);
  });

  test("photos that do not fit their label maps", async () => {
    await mkdir(at("one"));
    await writeFile(at("one/p 1.png"), photoPng(SIZE, SIZE, photo(1)));
    await expect(run("vae", { results_dir: at("refused"), image_dir: at("one") })).rejects.toThrow(
      /^3 label maps, 1 photo: no photo for .+p 0\.png, .+p 2\.png; add the photos/,
    );
    expect(notes.join("")).not.toContain("no photos");
  });

  test("an encoder that is not there, or of another length of z", async () => {
    const weights = at("lone.safetensors");
    await writeFile(weights, await readFile(at("checkpoints/vae/latest_net_G.safetensors")));
    await expect(run("x", { weights, style: "encoded" })).rejects.toThrow(
      /--style encoded: needs the net's encoder, and none lies beside .+lone\.safetensors; give --encoder/,
    );
    await save("other_net_E.safetensors", seededState(encoderNet({ ...encoderConfig, z_dim: 9 }).shapes, 2, 1));
    const encoder = at("checkpoints/other_net_E.safetensors");
    await expect(run("x", { weights, encoder })).rejects.toThrow(/gives 9 numbers where the generator's z_dim is 6/);
  });

  test("two maps of one name", async () => {
    await mkdir(at("twins/a"), { recursive: true });
    await mkdir(at("twins/b"), { recursive: true });
    for (const part of ["a", "b"]) await writeFile(at("twins", part, "x.png"), labelPng(SIZE, SIZE, label(0)));
    await expect(run("plain", { label_dir: at("twins"), image_dir: "" })).rejects.toThrow(
      /twins\/b\/x\.png: has the name of .+twins\/a\/x\.png/,
    );
  });
});
