// Whole training steps for bench:train: small seeded nets, with VAE or without, SqueezeNet as perceptual loss, real label maps.

import { openCheckpointFile } from "../../src/formats/file.ts";
import { publishedWeights } from "../../src/formats/packaged.ts";
import type { LabelMap } from "../../src/labels/label_map.ts";
import { outputSize } from "../../src/models/kinds.ts";
import { discriminatorNet } from "../../src/models/nets/discriminator.ts";
import { encoderNet } from "../../src/models/nets/encoder.ts";
import { generatorNet, type Net } from "../../src/models/weights/packing.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { normalValues } from "../../src/models/philox.ts";
import { seededState } from "../../src/models/weights/seeded.ts";
import { checkpointSource, memorySource } from "../../src/models/weights/source.ts";
import { SQUEEZENET_FILE, squeezenet, squeezenetSource } from "../../src/models/nets/squeezenet.ts";
import type { Device } from "../../src/runtime/index.ts";
import { defaultTraining, type TrainConfig } from "../../src/training/options.ts";
import { Stepper, type Batch } from "../../src/training/step/stepper.ts";

export interface TrainingBench {
  readonly stepper: Stepper;
  /** ms of a G step and a D step on the maps, with dictionary and lists on the host and the reading of the losses. */
  step(): Promise<number>;
  dispose(): void;
}

/** Widths of the nets. */
export const WIDTHS = { ngf: 16, ndf: 16, z_dim: 64 };

export const openTraining = (
  device: Device,
  maps: readonly LabelMap[],
  labels: number,
  size: number,
  vae = false,
  add_noise = false,
): Promise<TrainingBench> =>
  openSteps(
    device,
    {
      ...defaultTraining,
      label_nc: labels,
      contain_dontcare_label: false,
      no_instance: true,
      ...WIDTHS,
      crop_size: size,
      use_vae: vae,
      add_noise,
    },
    { labels: maps },
  );

/** Steps of any config, with seeded pictures, on maps of its size. */
export async function openSteps(
  device: Device,
  c: TrainConfig,
  maps: Pick<Batch, "labels" | "instances">,
  dtype: "f32" | "f16" = "f32",
): Promise<TrainingBench> {
  const load = (net: Net, seed: number): Promise<ParameterStore> =>
    ParameterStore.loadNet(device, net, memorySource(seededState(net.shapes, seed, 1)), "f32");
  const file = await openCheckpointFile(publishedWeights(SQUEEZENET_FILE));
  const frozen = await ParameterStore.loadNet(device, squeezenet.net, squeezenetSource(checkpointSource(file)), "f32");
  await file.close();
  const nets = {
    G: await load(generatorNet(c), 1),
    D: await load(discriminatorNet(c), 2),
    ...(c.use_vae && { E: await load(encoderNet(c), 4) }),
    perceptual: { net: squeezenet, parameters: frozen },
  };
  const images = maps.labels.length;
  const stepper = new Stepper(device, c, nets, images, { dtype });
  const { h, w } = outputSize(c);
  const image = normalValues(3, images * h * w * 3).map((v) => Math.max(-1, Math.min(1, v / 2)));
  const eps = (seed: number): Float32Array => normalValues(seed, images * c.z_dim);
  const batch = { ...maps, image, ...(c.use_vae && { epsG: eps(5), epsD: eps(6) }) };
  return {
    stepper,
    async step() {
      const start = performance.now();
      await stepper.step(stepper.prepare(batch));
      return performance.now() - start;
    },
    dispose() {
      stepper.dispose();
      for (const p of [nets.G, nets.D, nets.E, frozen]) p?.dispose();
    },
  };
}
