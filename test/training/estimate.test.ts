// What a training is said to take, beside what one takes.

import { expect, test } from "vitest";
import { estimateTraining } from "../../src/training/step/estimate.ts";
import { run, tiny } from "./runs.ts";

test("the memory of a run is estimated, with encoder and perceptual net; its operations grow with the batch", async () => {
  const o = await tiny({ max_steps: 1, no_vgg_loss: false, use_vae: true, z_dim: 4, ngf: 8, ndf: 8 });
  let taken = 0;
  let target;
  await run(o, (_, device) => void ([taken, target] = [device.allocated, device.target]));
  const { bytes, flops } = estimateTraining(target!, o);
  // Label tables have room for more windows than these maps have.
  expect(bytes / taken).toBeGreaterThan(0.95);
  expect(bytes / taken).toBeLessThan(1.3);
  const twice = estimateTraining(target!, { ...o, batchSize: 2 * o.batchSize });
  expect(twice.flops / flops).toBeGreaterThan(1.5);
  expect(twice.flops / flops).toBeLessThan(2);
});
