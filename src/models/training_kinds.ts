// How a training step records each kind of generator. A kind that is missing here is a compile error. Apart from kinds.ts, so that a page
// that only paints does not load it.

import { cladeTrainingValues, recordCladePass } from "./clade/training.ts";
import { recordPix2PixHD } from "./nets/pix2pixhd.ts";
import type { LevelValues } from "./nets/level_inputs.ts";
import type { TableRoom } from "./nets/table_room.ts";
import { recordTrainingPass, trainingInputs, type TrainingPass } from "./nets/training_pass.ts";
import type { Config, NetG } from "./config.ts";
import type { ParameterStore } from "./weights/parameters.ts";
import type { LevelWindows } from "../labels/windows.ts";
import type { Graph, Tensor } from "../runtime/index.ts";

export interface TrainingKind {
  /**
   * Records the forward pass of a training step. `codes`: i32 [N,H,W] at full size; `z`: [N, z_dim] if styleLength is
   * not 0.
   */
  recordTraining(
    g: Graph,
    c: Config,
    p: ParameterStore,
    rooms: readonly TableRoom[],
    images: number,
    reads: { codes: Tensor; z?: Tensor; gradients: boolean },
  ): TrainingPass;
  /**
   * Values of the inputs that recordTraining declares, from the label windows of a batch. `noise`: a seed, for nets with add_noise;
   * `positions`: [N,H,W,2], for nets with add_dist.
   */
  trainingInputs(
    c: Config,
    rooms: readonly TableRoom[],
    windows: readonly LevelWindows[],
    options: { gradients: boolean; noise?: number; positions?: Float32Array },
  ): LevelValues;
}

const TRAINING_KINDS: Readonly<Record<NetG, TrainingKind>> = {
  spade: {
    recordTraining: (g, c, p, rooms, images, { z, gradients }) =>
      recordTrainingPass(g, c, p, rooms, images, { z, gradients }),
    trainingInputs,
  },
  clade: {
    recordTraining: (g, c, p, _rooms, images, { z, gradients }) => recordCladePass(g, c, p, images, { z, gradients }),
    trainingInputs: (c, _rooms, windows, options) => ({ inputs: cladeTrainingValues(c, windows, options), counts: {} }),
  },
  pix2pixhd: {
    recordTraining: (g, c, p, _rooms, _images, { codes }) => ({
      image: recordPix2PixHD(g, c, p, codes, true),
      blocks: new Map(),
      tables: [],
    }),
    // Its only input is the codes, which are already an input of the discriminator.
    trainingInputs: () => ({ inputs: {}, counts: {} }),
  },
};

export const trainingKindOf = (c: Pick<Config, "netG">): TrainingKind => TRAINING_KINDS[c.netG];
