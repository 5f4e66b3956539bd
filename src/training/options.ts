// The published training options with their published defaults, and the options that we add.

import { datasetDefaults, defaultData, type DataOptions } from "../datasets/options.ts";
import { defaultConfig, type Config } from "../models/config.ts";
import { kindOf } from "../models/kinds.ts";
import { trainingKindOf } from "../models/training_kinds.ts";
import { defaultDiscriminator, type DiscriminatorConfig } from "../models/nets/discriminator.ts";
import { defaultEncoder, type EncoderConfig } from "../models/nets/encoder.ts";
import { defaultLosses, type LossConfig } from "./step/losses.ts";

export interface OptimiserConfig {
  lr: number;
  beta1: number;
  beta2: number;
  /** Turns the two time scales off: G and D both learn at lr. */
  no_TTUR: boolean;
}

/** The options that the training step reads. */
export type TrainConfig = Config & DiscriminatorConfig & EncoderConfig & LossConfig & OptimiserConfig;

export const defaultTraining: TrainConfig = {
  ...defaultConfig,
  ...defaultDiscriminator,
  ...defaultEncoder,
  ...defaultLosses,
  lr: 0.0002,
  beta1: 0,
  beta2: 0.9,
  no_TTUR: false,
};

export const INIT_TYPES = ["normal", "xavier", "xavier_uniform", "kaiming", "orthogonal", "none"] as const;
export type InitType = (typeof INIT_TYPES)[number];

/** Everything that `spade train` takes; saved as opt.txt and opt.json. */
export interface TrainOptions extends TrainConfig, DataOptions {
  crop_size: number;
  name: string;
  checkpoints_dir: string;
  init_type: InitType;
  /** Used as std (normal) or gain (xavier, orthogonal). */
  init_variance: number;
  no_vgg_loss: boolean;
  /** Epochs at constant lr, then epochs of linear decay. */
  niter: number;
  niter_decay: number;
  D_steps_per_G: number;
  /** Intervals in pictures, like in the published code. */
  print_freq: number;
  display_freq: number;
  save_latest_freq: number;
  /** Interval in epochs. */
  save_epoch_freq: number;
  no_html: boolean;
  /** Write TensorBoard event files: on by default here, off in the published code. */
  tf_log: boolean;
  continue_train: boolean;
  which_epoch: string;

  // Ours.
  /** Torchvision's VGG19 (.pth or .safetensors) for the published perceptual loss; "" for SqueezeNet 1.0. */
  vgg_weights: string;
  /** A generator's file whose nets a new run begins with, "" for new nets. */
  init_from: string;
  /** Storage of activations and of the weights that the kernels read. */
  dtype: "f32" | "f16";
  /** Decay of a moving average of the generator, 0 for none; averageDecay has that of the first steps. */
  ema: number;
  /** Save and stop after this many steps in all, or minutes of this command; Infinity for no limit. */
  max_steps: number;
  max_minutes: number;
  /** Steps between snapshots on the host, which are saved if the device is lost; 0 for none. */
  snapshot_freq: number;
  /** Epochs whose numbered nets stay on the disk, the newest; Infinity for all. */
  save_last: number;
  /** Write every saved net as .pth too. */
  save_pth: boolean;
  /** Pairs for a fixed validation grid and a Frechet curve; "" for none. */
  val_label_dir: string;
  val_image_dir: string;
  /** At the end, print times per kernel and the share of time spent waiting for data. */
  profile: boolean;
}

export const defaultOptions: TrainOptions = {
  ...defaultTraining,
  ...defaultData,
  name: "label2coco",
  checkpoints_dir: "./checkpoints",
  init_type: "xavier",
  init_variance: 0.02,
  no_vgg_loss: false,
  niter: 50,
  niter_decay: 0,
  D_steps_per_G: 1,
  print_freq: 100,
  display_freq: 100,
  save_latest_freq: 5000,
  save_epoch_freq: 10,
  no_html: false,
  tf_log: true,
  continue_train: false,
  which_epoch: "latest",
  vgg_weights: "",
  init_from: "",
  dtype: "f32",
  ema: 0,
  max_steps: Infinity,
  max_minutes: Infinity,
  snapshot_freq: 500,
  save_last: Infinity,
  save_pth: false,
  val_label_dir: "",
  val_image_dir: "",
  profile: false,
};

/** The defaults, with those that dataset_mode, netG and --no_TTUR set: opt.txt marks values that differ from these. */
export function defaultsOf(options: Pick<TrainOptions, "dataset_mode" | "netG" | "no_TTUR">): TrainOptions {
  return {
    ...defaultOptions,
    ...(options.no_TTUR ? { beta1: 0.5, beta2: 0.999 } : {}),
    norm_G: kindOf(options).norm_G,
    ...trainingKindOf(options).defaults,
    ...datasetDefaults(options.dataset_mode),
  };
}

/** Adam's betas: the options, or what the published trainer of a net has fixed with the two time scales. */
export const adamBetas = (
  c: Pick<TrainConfig, "netG" | "no_TTUR" | "beta1" | "beta2">,
): { beta1: number; beta2: number } => (!c.no_TTUR && trainingKindOf(c).fixedBetas) || c;

/** Learning rates of G (and E) and of D: Heusel et al. 2017's two time scales, lr/2 and 2 lr in the published code. */
export function learningRates(c: OptimiserConfig, lr = c.lr): { G: number; D: number } {
  return c.no_TTUR ? { G: lr, D: lr } : { G: lr / 2, D: lr * 2 };
}

/**
 * The weight of the old average of G at step `n` of a run (from 1). It is smaller at first, as torch_ema and TensorFlow have it: at `ema`
 * from the start, the average would hold the fresh weights for thousands of steps.
 */
export const averageDecay = (ema: number, n: number): number => Math.min(ema, (1 + n) / (10 + n));

/** The base rate of an epoch (from 1): constant up to niter + 1, then falling by lr / niter_decay per epoch, like in the published code. */
export function epochRate(o: Pick<TrainOptions, "lr" | "niter" | "niter_decay">, epoch: number): number {
  if (epoch <= o.niter + 1 || o.niter_decay === 0) return o.lr;
  return Math.max(0, o.lr * (1 - (epoch - o.niter - 1) / o.niter_decay));
}
