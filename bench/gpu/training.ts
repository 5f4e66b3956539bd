// A part of bench:gpu: a G step and a D step of COCO's net, with VAE and the perceptual loss.

import { openNodeDevice } from "../../src/node/dawn.ts";
import type { TrainConfig } from "../../src/training/options.ts";
import { defaultTraining } from "../../src/training/options.ts";
import { clockOf, median, spread } from "../lib/measure.ts";
import { openSteps } from "../lib/training.ts";
import { busyMs, byShader, cocoConfig, cocoMaps, most, storageTypes } from "./painting.ts";
import type { PartOptions, Row } from "./schedule.ts";

export function trainConfig(quick: boolean): TrainConfig {
  const config = cocoConfig(quick);
  return { ...defaultTraining, ...config, ...(quick && { ndf: config.ngf, z_dim: 16 }) };
}

/** Batches of the training steps. */
export const trainBatches = (quick: boolean): number[] => (quick ? [1, 2] : [1, 4]);

export async function* training({ quick }: PartOptions): AsyncGenerator<Row> {
  const device = await openNodeDevice();
  const config = trainConfig(quick);
  const size = config.crop_size;
  const batches = trainBatches(quick);
  // f32 is what training stores by default; f16 at the larger batch alone.
  const cases = batches.map((images) => ({ images, dtype: "f32" as "f16" | "f32" }));
  if (storageTypes(device).includes("f16")) cases.push({ images: batches[batches.length - 1], dtype: "f16" });
  for (const { images, dtype } of cases) {
    const what = `${size}x${size}, ngf ${config.ngf}, ${dtype}, batch ${images}`;
    const maps = cocoMaps(images, size);
    const before = device.allocated;
    const steps = await openSteps(
      device,
      config,
      { labels: maps.map((m) => m.label), instances: maps.map((m) => m.instance!) },
      dtype,
    );
    // The first compiles.
    await steps.step();
    const ms: number[] = [];
    for (let i = 0; i < (quick ? 3 : 7); i++) ms.push(await steps.step());
    const t = median(ms);
    const megabytes = (device.allocated - before) / 1e6;
    yield {
      what: `${what}: a G and a D step`,
      ms: t,
      perSecond: (1e3 * images) / t,
      note: `${megabytes.toFixed(0)} MB`,
      ...{ spread: spread(ms), allocated: 1e6 * megabytes },
    };
    if (clockOf(device) === "timestamps")
      for (const [i, profile] of (await steps.stepper.profile()).entries()) {
        const note = `${profile.rows.length} dispatches: ${most(profile)}`;
        yield {
          what: `${what}: the ${"GD"[i]} step's dispatches alone`,
          ms: busyMs(profile),
          note,
          kernels: byShader(profile),
        };
      }
    steps.dispose();
  }
}
