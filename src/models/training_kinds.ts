// How a training step records each kind of generator. A kind that is missing here is a compile error. Apart from kinds.ts, so that a page
// that only paints does not load it.

import { cladeTrainingValues, recordCladePass } from "./clade/training.ts";
import { recordPix2PixHD } from "./nets/pix2pixhd.ts";
import type { LevelValues } from "./nets/level_inputs.ts";
import type { TableRoom } from "./nets/table_room.ts";
import { recordTrainingPass, trainingInputs, type TrainingPass } from "./nets/training_pass.ts";
import { reached, recordSeanPass, seanInputs } from "./sean/training_pass.ts";
import type { Config, NetG } from "./config.ts";
import type { ParameterStore } from "./weights/parameters.ts";
import type { LevelWindows } from "../labels/windows.ts";
import type { Graph, Tensor } from "../runtime/index.ts";

export interface TrainingKind {
  /** Every layer of the discriminator but the last halves the size; else the last but one does not either. */
  readonly stridedD?: boolean;
  /** Adam's beta1 and beta2 are options without the two time scales (TTUR) alone; with them they are these. */
  readonly fixedBetas?: { readonly beta1: number; readonly beta2: number };
  /** Defaults of a training that differ from SPADE's, as published. */
  readonly defaults?: Readonly<Record<string, number>>;
  /**
   * Records the forward pass of a training step. `codes`: i32 [N,H,W] at full size; `photo`: [N,H,W,3], the real pictures; `z`: [N,
   * z_dim] if styleLength is not 0; `planes`: where noise comes from, of generators that always have it.
   */
  recordTraining(
    g: Graph,
    c: Config,
    p: ParameterStore,
    rooms: readonly TableRoom[],
    images: number,
    reads: { codes: Tensor; photo: Tensor; z?: Tensor; gradients: boolean; planes?: "seed" | "given" },
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
  /**
   * Trained parameters that a batch may not reach: torch gives those that it does not reach no gradient, and Adam counts their steps from
   * the first batch that does. Left out: every batch reaches all.
   */
  readonly late?: {
    is(key: string): boolean;
    /** Those that a batch reaches. */
    reached(c: Config, windows: readonly LevelWindows[]): ReadonlySet<string>;
  };
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
  sean: {
    recordTraining: (g, c, p, rooms, images, { photo, gradients, planes }) =>
      recordSeanPass(g, c, p, rooms, images, { photo, gradients, planes }),
    trainingInputs: seanInputs,
    stridedD: true,
    fixedBetas: { beta1: 0, beta2: 0.9 },
    defaults: { n_layers_D: 3, niter_decay: 50, beta1: 0.5, beta2: 0.999 },
    late: { is: (key) => /\.fc_mu\d+\./.test(key), reached },
  },
};

export const trainingKindOf = (c: Pick<Config, "netG">): TrainingKind => TRAINING_KINDS[c.netG];
