// The smallest net with synchronised norms, for programs on ranks and for one process to compare with.

import { createHash } from "node:crypto";
import { discriminatorNet } from "../../src/models/nets/discriminator.ts";
import { generatorNet, type Net } from "../../src/models/weights/packing.ts";
import { ParameterStore } from "../../src/models/weights/parameters.ts";
import { seededState } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import type { Device } from "../../src/runtime/index.ts";
import { Stepper, type Batch } from "../../src/training/step/stepper.ts";
import type { StepOptions } from "../../src/training/step/step.ts";
import { stripes, tiny } from "../training/tiny.ts";

const config = { ...tiny, norm_G: "spectralspadesyncbatch3x3", norm_D: "spectralsync_batch" };
export const STEPS = 2;

export async function open(device: Device, images: number, options: StepOptions): Promise<Stepper> {
  const load = (net: Net, seed: number): Promise<ParameterStore> =>
    ParameterStore.loadNet(device, net, memorySource(seededState(net.shapes as Map<string, number[]>, seed, 1)), "f32");
  const nets = { G: await load(generatorNet(config), 1), D: await load(discriminatorNet(config), 2) };
  return new Stepper(device, config, nets, images, options);
}

/** Pictures `from` on of a step. */
export function pictures(step: number, from: number, count: number): Batch {
  const each = Array.from({ length: count }, (_, i) => stripes(4 * step + from + i, 8 * (step + from + i)));
  return {
    labels: each.flatMap(({ labels }) => labels),
    image: Float32Array.from(each.flatMap(({ image }) => [...image])),
  };
}

export interface Found {
  losses: Record<string, number>[];
  /** Of all values of the nets. */
  hash: string;
  /** Of the first step. */
  gradient: number[];
}

/** Trains, with the pictures `from` on of each step. */
export async function trained(stepper: Stepper, from: number): Promise<Found> {
  const losses: Record<string, number>[] = [];
  let gradient: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    losses.push(await stepper.step(stepper.prepare(pictures(i, from, stepper.images))));
    // Adam's first moment, as beta1 is 0.
    if (i === 0) gradient = [...(await stepper.moments.G[0].read("up_3.conv_1.weight_orig", "m"))];
  }
  const hash = createHash("sha256");
  for (const p of [stepper.nets.G, stepper.nets.D]) for (const key of p.keys()) hash.update(await p.read(key));
  return { losses, hash: hash.digest("hex"), gradient };
}
