// Whole training steps for bench:train: small seeded nets, with VAE or without, SqueezeNet as perceptual loss, real label maps.

import { openCheckpointFile } from "../../src/formats/file.ts";
import { publishedWeights } from "../../src/formats/packaged.ts";
import type { LabelMap } from "../../src/labels/label_map.ts";
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
import { Stepper } from "../../src/training/step/stepper.ts";

export interface TrainingBench {
  readonly stepper: Stepper;
  /** ms of a G step and a D step on the maps, with dictionary and lists on the host and the reading of the losses. */
  step(): Promise<number>;
  dispose(): void;
}

/** Widths of the nets. */
export const WIDTHS = { ngf: 16, ndf: 16, z_dim: 64 };

export async function openTraining(
  device: Device,
  maps: readonly LabelMap[],
  labels: number,
  size: number,
  vae = false,
  add_noise = false,
): Promise<TrainingBench> {
  const c: TrainConfig = {
    ...defaultTraining,
    label_nc: labels,
    contain_dontcare_label: false,
    no_instance: true,
    ...WIDTHS,
    crop_size: size,
    use_vae: vae,
    add_noise,
  };
  const load = (net: Net, seed: number): Promise<ParameterStore> =>
    ParameterStore.loadNet(device, net, memorySource(seededState(net.shapes, seed, 1)), "f32");
  const file = await openCheckpointFile(publishedWeights(SQUEEZENET_FILE));
  const frozen = await ParameterStore.loadNet(device, squeezenet.net, squeezenetSource(checkpointSource(file)), "f32");
  await file.close();
  const nets = {
    G: await load(generatorNet(c), 1),
    D: await load(discriminatorNet(c), 2),
    ...(vae && { E: await load(encoderNet(c), 4) }),
    perceptual: { net: squeezenet, parameters: frozen },
  };
  const stepper = new Stepper(device, c, nets, maps.length);
  const image = normalValues(3, maps.length * size * size * 3).map((v) => Math.max(-1, Math.min(1, v / 2)));
  const eps = (seed: number): Float32Array => normalValues(seed, maps.length * WIDTHS.z_dim);
  const batch = { labels: maps, image, ...(vae && { epsG: eps(5), epsD: eps(6) }) };
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
