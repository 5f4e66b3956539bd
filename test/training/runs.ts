// Whole runs in this process, on a tiny data set.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { OpVariants } from "../../kernels/parts/variants.ts";
import { openNodeDevice } from "../../src/node/dawn.ts";
import type { Device } from "../../src/runtime/index.ts";
import { train } from "../../src/training/folder/trainer.ts";
import { defaultOptions, defaultsOf, type TrainOptions } from "../../src/training/options.ts";
import type { TrainResult, TrainUi } from "../../src/training/ui.ts";
import { labelPng, photoPng, scratch, write } from "../datasets/folders.ts";

export const SIDE = 32;

/** Four pairs, and the options of the smallest net. @param in a folder; left out, one of this test alone */
export async function tiny(options: Partial<TrainOptions> = {}, folder?: string): Promise<TrainOptions> {
  const dir = folder ?? (await scratch());
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < 4; i++) {
    files[`label/${i}.png`] = labelPng(SIDE, SIDE, (x) => (x > 4 * i + 8 ? 1 : 0));
    files[`image/${i}.png`] = photoPng(SIDE, SIDE, (x, y) => [8 * x, 8 * y, 60 * i]);
  }
  await write(dir, files);
  return {
    ...defaultsOf({ ...defaultOptions, dataset_mode: "custom" }),
    dataset_mode: "custom",
    name: "tiny",
    checkpoints_dir: join(dir, "checkpoints"),
    label_dir: join(dir, "label"),
    image_dir: join(dir, "image"),
    label_nc: 2,
    no_instance: true,
    preprocess_mode: "fixed",
    crop_size: SIDE,
    ngf: 1,
    ndf: 2,
    num_D: 1,
    n_layers_D: 2,
    no_vgg_loss: true,
    no_html: true,
    niter: 3,
    batchSize: 2,
    ...options,
  };
}

export const inFolder = (o: TrainOptions, ...path: string[]): string => join(o.checkpoints_dir, o.name, ...path);

/** A run like `whole` that stops after some steps and goes on ends in the same bytes. @param whole a run that has ended */
export async function expectGoesOn(whole: TrainOptions, steps: number): Promise<void> {
  const o = { ...whole, name: "parts" };
  await run({ ...o, max_steps: steps });
  await run({ ...o, continue_train: true });
  for (const role of ["G", "D"]) {
    const file = `latest_net_${role}.safetensors`;
    expect((await readFile(inFolder(o, file))).equals(await readFile(inFolder(whole, file))), role).toBe(true);
  }
}

/** By their plan. Runs share them: making its pipelines anew is most of a tiny run's time. */
const devices = new Map<string, Device>();

/** A device that its users can't close. */
async function sharedDevice(variants: OpVariants = {}): Promise<Device> {
  const key = JSON.stringify(variants);
  let device = devices.get(key);
  if (device?.state !== "alive") {
    device = await openNodeDevice({ variants });
    device.dispose = () => undefined;
    devices.set(key, device);
  }
  return device;
}

/** Trains; `after` sees every step. */
export async function run(
  o: TrainOptions,
  after: (step: number, device: Device) => void = () => {},
  variants?: OpVariants,
  compiling?: TrainUi["compiling"],
): Promise<TrainResult & { said: string }> {
  let device!: Device;
  let said = "";
  let step = 0;
  const ui = {
    // A note is a line: a line break in it would be printed escaped.
    say: (line: string) => void (said += `${line.replaceAll("\n", "\\n")}\n`),
    progress: () => after(++step, device),
    signal: new AbortController().signal,
    compiling,
  };
  const result = await train(o, ui, async (saved) => (device = await sharedDevice(variants ?? saved)));
  return { ...result, said };
}

/** Names of the states of a run. */
export const states = (o: TrainOptions): Promise<string[]> => readdir(join(o.checkpoints_dir, o.name, "state"));
