// The smallest nets that train, and batches of one picture for them.

import { defaultTraining, type TrainConfig } from "../../src/training/options.ts";
import type { Batch } from "../../src/training/step/stepper.ts";
import { noise } from "../support/device.ts";

export const SIZE = 64;

export const tiny: TrainConfig = {
  ...defaultTraining,
  label_nc: 4,
  contain_dontcare_label: false,
  ngf: 4,
  ndf: 4,
  num_D: 1,
  n_layers_D: 2,
  crop_size: SIZE,
};

/** Four stripes, moved to the left, with noise of a seed for a picture. */
export const stripes = (seed: number, moved = 0): Batch => ({
  labels: [
    {
      width: SIZE,
      height: SIZE,
      data: Uint8Array.from({ length: SIZE ** 2 }, (_, i) => (((i + moved) % SIZE) >> 4) & 3),
    },
  ],
  image: noise(3 * SIZE ** 2, seed),
});
