// Whole training steps of tiny nets on the adapter.

import { describe, expect, test } from "vitest";
import { discriminatorNet } from "../../src/models/discriminator.ts";
import { generatorNet } from "../../src/models/packing.ts";
import { Parameters } from "../../src/models/parameters.ts";
import { seededState } from "../../src/models/seeded.ts";
import { memorySource } from "../../src/models/source.ts";
import { defaultTraining, type TrainConfig } from "../../src/training/options.ts";
import { Stepper, type Batch } from "../../src/training/stepper.ts";
import { noise, testDevice } from "../support/device.ts";

const tiny: TrainConfig = {
  ...defaultTraining,
  label_nc: 4,
  contain_dontcare_label: false,
  ngf: 4,
  ndf: 4,
  num_D: 1,
  n_layers_D: 2,
  crop_size: 64,
};
const SIZE = 64;

const batch: Batch = {
  labels: [
    { width: SIZE, height: SIZE, data: Uint8Array.from({ length: SIZE ** 2 }, (_, i) => ((i % SIZE) >> 4) & 3) },
  ],
  image: noise(3 * SIZE ** 2, 7),
};

/** Runs `body` with a stepper over nets that always start alike. */
async function withStepper<T>(
  c: TrainConfig,
  body: (stepper: Stepper, nets: { G: Parameters; D: Parameters }) => Promise<T>,
): Promise<T> {
  const device = await testDevice();
  const load = (net: ReturnType<typeof generatorNet>, seed: number): Promise<Parameters> =>
    Parameters.loadNet(device, net, memorySource(seededState(net.shapes as Map<string, number[]>, seed, 1)), "f32");
  const nets = { G: await load(generatorNet(c), 1), D: await load(discriminatorNet(c), 2) };
  const stepper = new Stepper(device, c, nets, 1);
  try {
    return await body(stepper, nets);
  } finally {
    stepper.dispose();
    nets.G.dispose();
    nets.D.dispose();
  }
}

/** Every value of a net, as bits. */
async function bits(p: Parameters): Promise<Map<string, string>> {
  const out = new Map<string, string>();
  for (const key of p.keys()) out.set(key, Buffer.from((await p.read(key)).buffer).toString("base64"));
  return out;
}

describe("a training step", () => {
  test("of the same plan gives the same bits", async () => {
    const run = (): Promise<unknown> =>
      withStepper(tiny, async (stepper, { G, D }) => {
        const losses = [await stepper.step(stepper.prepare(batch)), await stepper.step(stepper.prepare(batch))];
        expect(losses[1]).not.toEqual(losses[0]);
        return { losses, G: await bits(G), D: await bits(D) };
      });
    expect(await run()).toEqual(await run());
  });
});
