// Training CLADE (--norm_mode clade): it goes on bit for bit, its positions come from the data set, its nets are the published ones' form.

import { copyFile, mkdtemp, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { convert } from "../../src/cli/commands/convert.ts";
import { info } from "../../src/cli/commands/info.ts";
import { openCheckpointFile } from "../../src/formats/file.ts";
import { shapesOf } from "../../src/formats/tensors.ts";
import { findConfig } from "../../src/models/weights/find_config.ts";
import type { TrainOptions } from "../../src/training/options.ts";
import { npyFile } from "../formats/npy_file.ts";
import { expectGoesOn, inFolder, run, SIDE, tiny } from "./runs.ts";

describe("a run with edges and positions", () => {
  let dir = "";
  let whole: TrainOptions;
  const weights = (o: TrainOptions, role = "G"): Promise<Buffer> =>
    readFile(inFolder(o, `latest_net_${role}.safetensors`));
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "clade-"));
    const clade = { netG: "clade", add_dist: true, no_instance: false } as const;
    whole = await tiny({ ...clade, lr: 0.01, max_steps: 3, save_pth: true, serial_batches: true }, dir);
    await run(whole);
  }, 120_000);
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test("that stops after a step and goes on ends in the same bytes", async () => {
    await expectGoesOn(whole, 1);
  });

  test("does not go on without its positions, nor as SPADE", async () => {
    const without = run({ ...whole, add_dist: false, continue_train: true, max_steps: 4 });
    await expect(without).rejects.toThrow(/--continue_train without --add_dist: leaves out the positions.*--init_from/);
    const spade = run({ ...whole, netG: "spade", add_dist: false, continue_train: true, max_steps: 4 });
    await expect(spade).rejects.toThrow(/--continue_train/);
  });

  test("reads positions from a .npy; the published flip is another training", async () => {
    const o = { ...whole, max_steps: 1 };
    const one = async (name: string, more: Partial<TrainOptions> = {}): Promise<Buffer> => {
      await run({ ...o, name, ...more });
      return weights({ ...o, name });
    };
    const usual = await one("usual");
    // Four pictures in two batches: the draws of seed 0 flip one of the first.
    expect((await one("flipped", { flip_dist_as_published: true })).equals(usual)).toBe(false);
    expect(
      (await one("not flipped", { no_flip: true, flip_dist_as_published: true })).equals(
        await one("plain", { no_flip: true }),
      ),
    ).toBe(true);
    const file = join(o.label_dir, "0.npy");
    await writeFile(file, npyFile([2, SIDE, SIDE], new Float32Array(2 * SIDE * SIDE)));
    expect((await one("zeros")).equals(usual)).toBe(false);
    await unlink(file);
  });

  test("saves opt.txt as published, and nets whose keys alone say what they are, in .pth too", async () => {
    expect(await readFile(inFolder(whole, "opt.txt"), "utf8")).toMatch(/netG: spade[^]*norm_mode: clade/);
    const pth = join(dir, "alone_net_G.pth");
    await copyFile(inFolder(whole, "latest_net_G.pth"), pth);
    const file = await openCheckpointFile(pth);
    const found = findConfig(shapesOf(file), file.metadata, { crop_size: SIDE, label_nc: 2 });
    await file.close();
    expect(found.config).toMatchObject({ netG: "clade", add_dist: true, no_instance: false, label_nc: 2, ngf: 1 });
    const said = (await info(pth)).join("\n");
    expect(said).toMatch(/netG clade/);
    expect(said).toContain("add_dist true");
    const again = join(dir, "again.safetensors");
    await convert(pth, again, { overrides: { label_nc: 2, crop_size: SIDE } });
    const [a, b] = [
      await openCheckpointFile(again),
      await openCheckpointFile(inFolder(whole, "latest_net_G.safetensors")),
    ];
    for (const name of b.names()) expect((await a.read(name)).data, name).toEqual((await b.read(name)).data);
    await a.close();
    await b.close();
  });
});
