// A training of SEAN's generator in a folder, as the command runs it: its defaults, what it saves, going on bit for bit; and the commands
// that paint with the net that it saved.

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generate } from "../../src/cli/commands/generate.ts";
import { testNet } from "../../src/cli/commands/test.ts";
import { resolveTestOptions } from "../../src/cli/options/test_options.ts";
import { Progress } from "../../src/cli/terminal/progress.ts";
import { openCheckpointFile } from "../../src/formats/file.ts";
import { toF32 } from "../../src/formats/tensors.ts";
import { adamBetas, defaultOptions, defaultsOf, type TrainOptions } from "../../src/training/options.ts";
import { labelPng, write } from "../datasets/folders.ts";
import { expectGoesOn, inFolder, run, SIDE, tiny } from "./runs.ts";

test("has the published defaults, and Adam's betas are fixed with the two time scales", () => {
  const o = { ...defaultsOf({ ...defaultOptions, netG: "sean" }), netG: "sean" } as const;
  expect(o).toMatchObject({ n_layers_D: 3, niter_decay: 50, beta1: 0.5, beta2: 0.999, style_length: 512 });
  expect(adamBetas({ ...o, beta1: 0.3 })).toEqual({ beta1: 0, beta2: 0.9 });
  expect(adamBetas({ ...o, beta1: 0.3, no_TTUR: true })).toMatchObject({ beta1: 0.3, beta2: 0.999 });
  const spade = defaultsOf({ ...defaultOptions, netG: "spade" });
  expect(adamBetas({ ...spade, beta1: 0.3 })).toMatchObject({ beta1: 0.3, beta2: 0.9 });
});

describe("a run", () => {
  let dir = "";
  let whole: TrainOptions;
  const weights = (): string => inFolder(whole, "latest_net_G.safetensors");
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "sean-"));
    const sean = { netG: "sean", label_nc: 4, style_length: 8, enc_ngf: 2, n_layers_D: 2, no_TTUR: true } as const;
    whole = await tiny(
      { ...sean, beta1: 0.5, beta2: 0.999, serial_batches: true, lr: 0.01, max_steps: 3, save_pth: true },
      dir,
    );
    // Label 2 is in the second batch alone, label 3 in none.
    await write(dir, { "label/2.png": labelPng(SIDE, SIDE, (x) => (x > 15 ? 2 : 0)) });
    await run(whole);
  }, 240_000);
  afterAll(() => rm(dir, { recursive: true, force: true }));

  const read = async (key: string): Promise<Float32Array> => {
    const file = await openCheckpointFile(weights());
    try {
      return toF32(await file.read(key));
    } finally {
      await file.close();
    }
  };

  test("that stops after two steps and goes on ends in the same bytes", async () => {
    await expectGoesOn(whole, 2);
  });

  test("trains fc_mu of the labels that it has seen, and leaves the others as they began", async () => {
    const untrained = { ...whole, name: "untrained", lr: 0, max_steps: 1 };
    await run(untrained);
    const file = await openCheckpointFile(inFolder(untrained, "latest_net_G.safetensors"));
    for (const [label, moves] of [
      [0, true],
      [1, true],
      [2, true],
      [3, false],
    ] as const) {
      // prettier-ignore
      const key = `up_1.ace_0.fc_mu${label}.weight`;
      const start = toF32(await file.read(key));
      expect(
        (await read(key)).some((v, i) => v !== start[i]),
        key,
      ).toBe(moves);
    }
    await file.close();
  });

  test("saves the mean codes of the labels that it has seen, and the published keys in .pth too", async () => {
    const { metadata, ...file } = await openCheckpointFile(weights());
    await file.close?.();
    expect(Object.keys(JSON.parse(metadata.region_styles) as object)).toEqual(["0", "1", "2"]);
    expect(JSON.parse(metadata.config)).toMatchObject({ netG: "sean", style_length: 8, enc_ngf: 2 });
    const pth = await openCheckpointFile(inFolder(whole, "latest_net_G.pth"));
    const key = "head_0.ace_0.conv_gamma.weight";
    expect(toF32(await pth.read(key))).toEqual(await read(key));
    await pth.close();
  });

  const quiet = (): Progress => new Progress({ write: () => true } as unknown as NodeJS.WriteStream, false);
  const paint = async (out: string, more: Record<string, unknown>): Promise<Buffer> => {
    const o = { weights: weights(), label: [join(dir, "label", "1.png")], out: join(dir, out), overrides: {}, ...more };
    for await (const _ of generate(o as Parameters<typeof generate>[0], quiet()));
    return readFile(join(dir, out));
  };

  test("generate paints in mean styles, in those of a photo, and with one label's from another", async () => {
    const photo = (n: number): string => join(dir, "image", `${n}.png`);
    const map = (n: number): string => join(dir, "label", `${n}.png`);
    const means = await paint("mean.png", { style: "mean" });
    expect(await paint("default.png", {})).toEqual(means);
    const own = await paint("own.png", { style: photo(1), style_map: map(1) });
    expect(own).not.toEqual(means);
    const mixed = await paint("mixed.png", {
      style: photo(1),
      style_map: map(1),
      style_of: [`1=${photo(3)},${map(3)}`],
    });
    expect(mixed).not.toEqual(own);
    await expect(paint("no.png", { style: photo(1) })).rejects.toThrow(/--style_map/);
    await expect(paint("no.png", { style_of: ["9=mean"] })).rejects.toThrow(/no label of the net/);
    await expect(paint("no.png", { style_of: [`2=${photo(1)},${map(1)}`] })).resolves.toBeDefined();
  });

  test("test reconstructs each photo, writes its codes, and paints the same from a file of codes", async () => {
    const go = async (results: string, style?: string): Promise<string> => {
      const given = {
        weights: weights(),
        results_dir: join(dir, results),
        dataset_mode: "custom",
        dtype: "f32",
        style,
      };
      const o = resolveTestOptions({ ...given, label_dir: join(dir, "label"), image_dir: join(dir, "image") });
      const { line } = await testNet(o, quiet(), new AbortController().signal, () => undefined);
      return join(line.replace(/^.*: /, ""), "..");
    };
    const folder = await go("encoded");
    expect((await readdir(join(folder, "styles"))).sort()).toEqual([
      "0.json",
      "1.json",
      "2.json",
      "3.json",
      "mean.json",
    ]);
    const codes = JSON.parse(await readFile(join(folder, "styles", "2.json"), "utf8")) as Record<string, number[]>;
    expect(Object.entries(codes).map(([label, code]) => [label, code.length])).toEqual([["0", 8], ["2", 8]]); // prettier-ignore
    // The plain mean of all photos that have the label, as the published calculate_mean takes it.
    const photos = await Promise.all(
      [0, 1, 2, 3].map(
        async (n) => JSON.parse(await readFile(join(folder, "styles", `${n}.json`), "utf8")) as typeof codes,
      ),
    );
    const mean = JSON.parse(await readFile(join(folder, "styles", "mean.json"), "utf8")) as typeof codes;
    for (const [label, code] of Object.entries(mean)) {
      const own = photos.flatMap((of) => (of[label] ? [of[label]] : []));
      code.forEach((v, i) => expect(v).toBeCloseTo(own.reduce((sum, of) => sum + of[i], 0) / own.length, 5));
    }
    expect(photos.filter((of) => of[0]).length).toBeGreaterThan(1);
    const again = await go("again", join(folder, "styles", "2.json"));
    const picture = (of: string): Promise<Buffer> => readFile(join(of, "images", "synthesized_image", "2.png"));
    // The codes of the file have six digits.
    const [first, second] = [await picture(folder), await picture(again)].map((png) => decode(png).data);
    expect(Math.max(...first.map((v, i) => Math.abs(v - second[i])))).toBeLessThanOrEqual(1);
    expect(await picture(again)).not.toEqual(await readFile(join(again, "images", "synthesized_image", "1.png")));
  });
});
