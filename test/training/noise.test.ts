// Training with noise before the norms (--add_noise): it learns, goes on bit for bit, and is drawn anew for every step and net.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openCheckpointFile } from "../../src/formats/file.ts";
import { toF32 } from "../../src/formats/tensors.ts";
import { netOf } from "../../src/models/kinds.ts";
import { discriminatorNet } from "../../src/models/nets/discriminator.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { initialSource } from "../../src/training/init.ts";
import { prepareStep } from "../../src/training/one_step.ts";
import type { TrainOptions } from "../../src/training/options.ts";
import type { RunParts } from "../../src/training/run.ts";
import { Stepper } from "../../src/training/step/stepper.ts";
import { testDevice } from "../support/device.ts";
import { expectGoesOn, inFolder, run, tiny } from "./runs.ts";
import { stripes, tiny as tinyNets } from "./tiny.ts";

const noiseOf = async (path: string): Promise<Map<string, Float32Array>> => {
  const file = await openCheckpointFile(path);
  const out = new Map<string, Float32Array>();
  for (const key of file.names().filter((k) => k.endsWith(".noise_var"))) out.set(key, toF32(await file.read(key)));
  await file.close();
  return out;
};

test("in 30 steps on one picture the loss falls, and every norm's factors leave 0", async () => {
  const c = { ...tinyNets, add_noise: true, ngf: 1, gan_mode: "ls", lambda_feat: 10, lr: 0.002 } as const;
  const device = await testDevice();
  const init = { init_type: "xavier", init_variance: 0.02, seed: 3 } as const;
  const load = (net: ReturnType<typeof netOf>): Promise<ParameterStore> =>
    ParameterStore.loadNet(device, net, initialSource(net, init), "f32");
  const nets = { G: await load(netOf(c)), D: await load(discriminatorNet(c)) };
  const stepper = new Stepper(device, c, nets, 1);
  const keys = nets.G.keys().filter((key) => key.endsWith(".noise_var"));
  expect(keys.length).toBe(18);
  for (const key of keys) expect((await nets.G.read(key)).every((v) => v === 0)).toBe(true);
  const matching: number[] = [];
  for (let i = 0; i < 30; i++) {
    const losses = await stepper.step(stepper.prepare({ ...stripes(7), noiseG: 2 * i, noiseD: 2 * i + 1 }));
    matching.push(losses.GAN_Feat);
  }
  const mean = (values: number[]): number => values.reduce((a, b) => a + b) / values.length;
  expect(mean(matching.slice(-5))).toBeLessThan(0.9 * mean(matching.slice(0, 5)));
  for (const key of keys)
    expect(
      (await nets.G.read(key)).some((v) => Math.abs(v) > 1e-4),
      key,
    ).toBe(true);
  stepper.dispose();
  for (const p of Object.values(nets)) p.dispose();
});

test("every step and net has draws of its own, which the seed decides", () => {
  const prepare = (batch: unknown): unknown => ({ batch });
  const stepper = { prepare, images: 1, options: {} } as unknown as RunParts["stepper"];
  const o = { netG: "spade", add_noise: true, use_vae: false, seed: 4 } as TrainOptions;
  const seeds = (step: number, of = o): (number | undefined)[] => {
    const { batch } = prepareStep(of, { stepper } as RunParts, { labels: [], image: new Float32Array() }, step);
    return [batch.noiseG, batch.noiseD];
  };
  expect(new Set([...seeds(0), ...seeds(1), ...seeds(0, { ...o, seed: 5 })]).size).toBe(6);
  expect(seeds(1)).toEqual(seeds(1));
  expect(seeds(0, { ...o, add_noise: false })).toEqual([undefined, undefined]);
  expect(seeds(0, { ...o, add_noise: false, netG: "sean" })).toEqual(seeds(0));
});

describe("a run", () => {
  let dir = "";
  let whole: TrainOptions;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "noise-"));
    whole = await tiny({ add_noise: true, lr: 0.01, max_steps: 3, save_pth: true, save_epoch_freq: 1 }, dir);
    await run(whole);
  }, 120_000);
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test("that stops after a step and goes on ends in the same bytes", async () => {
    await expectGoesOn(whole, 1);
  });

  test("saves the option and the factors, in .pth too", async () => {
    const opt = JSON.parse(await readFile(inFolder(whole, "opt.json"), "utf8")) as object;
    expect(opt).toMatchObject({ add_noise: true });
    const factors = await noiseOf(inFolder(whole, "latest_net_G.safetensors"));
    expect([...factors.values()].some((v) => v.some((x) => x !== 0))).toBe(true);
    expect(await noiseOf(inFolder(whole, "latest_net_G.pth"))).toEqual(factors);
    const { metadata, ...file } = await openCheckpointFile(inFolder(whole, "latest_net_G.safetensors"));
    await file.close?.();
    expect(JSON.parse(metadata.config)).toMatchObject({ add_noise: true });
  });

  test("does not go on without its noise, nor with noise that it has not", async () => {
    const without = run({ ...whole, add_noise: false, continue_train: true, max_steps: 4 });
    await expect(without).rejects.toThrow(/--continue_train without --add_noise: leaves out the noise.*--init_from/);
    const nets = run({ ...whole, add_noise: false, continue_train: true, which_epoch: "1", max_steps: 4 });
    await expect(nets).rejects.toThrow("without --add_noise");
    const plain = { ...whole, add_noise: false, name: "plain", max_steps: 1 };
    await run(plain);
    const added = run({ ...plain, add_noise: true, continue_train: true, max_steps: 2 });
    await expect(added).rejects.toThrow(/noise_var.*is missing.*--init_from/);
  });

  test("begins with a net without noise, and without noise with one that has it; one line says so", async () => {
    const plain = { ...whole, add_noise: false, name: "of noise", max_steps: 1, lr: 0 };
    const left = await run({ ...plain, init_from: inFolder(whole, "latest_net_G.safetensors") });
    expect(left.said).toContain("  G, the noise of 18 norms of the file is left out: --add_noise takes it\n");
    const o = { ...plain, add_noise: true, name: "with noise", init_from: inFolder(plain, "latest_net_G.safetensors") };
    const { said } = await run(o);
    expect(said).toContain("  G, noise_var of 18 norms begins at 0: the file's net has no noise\n");
    expect(said).not.toMatch(/G, .* begins anew/);
    const factors = await noiseOf(inFolder(o, "latest_net_G.safetensors"));
    expect([...factors.values()].every((v) => v.every((x) => x === 0))).toBe(true);
  });

  test("without the option writes no word of it", async () => {
    const plain = { ...whole, add_noise: false, name: "no word", max_steps: 1 };
    await run(plain);
    for (const name of ["opt.txt", "opt.json", "latest_net_G.safetensors"])
      expect((await readFile(inFolder(plain, name), "latin1")).match(/add_noise|noise_var/), name).toBeNull();
  });
});
