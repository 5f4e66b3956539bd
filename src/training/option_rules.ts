// Which values each option of a training takes. Values come as text: the command line and opt.txt have nothing else, and those of an
// opt.json or a page are written out first, so that one rule serves all.

import { ganModes } from "../../kernels/loss/gan_loss.ts";
import { DATASET_MODES, PREPROCESS_MODES } from "../datasets/options.ts";
import type { NetG } from "../models/config.ts";
import { NET_G } from "../models/kinds.ts";
import { INIT_TYPES, type TrainOptions } from "./options.ts";

/** A value that its option does not take; the message says which ones it takes. */
export class InvalidValue extends Error {}

/** The values of an option: texts of `choices`, or what `parse` takes; neither: every text. */
export interface Rule {
  /** Placeholder in the command's help: "<n>", "[bool]". */
  readonly value: string;
  readonly choices?: readonly string[];
  /** @throws InvalidValue */
  parse?(text: string): unknown;
}

export const number =
  (least: number, whole: boolean, most = Infinity) =>
  (text: string): number => {
    // Number("") is 0.
    const value = text.trim() === "" ? NaN : Number(text);
    if (!(value >= least && value <= most && value < Infinity) || (whole && !Number.isInteger(value)))
      throw new InvalidValue(
        `Give a ${whole ? "whole " : ""}number from ${least} ${most < Infinity ? `to ${most}` : "on"}.`,
      );
    return value;
  };

/** Parses label_nc. In pix2pixHD, 0 means RGB pictures in place of label maps. */
export const labelNc = (text: string): number => {
  if (text.trim() !== "" && Number(text) === 0)
    throw new InvalidValue(
      "0 means RGB pictures as input (pix2pixHD), which this engine does not read; give the number of labels.",
    );
  return number(1, true)(text);
};

export const flag = (text: string): boolean => {
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  if (/^(false|0|no|off)$/i.test(text)) return false;
  throw new InvalidValue("Give true or false, or no value at all for true.");
};

export const aspect = (text: string): number => {
  const value = Number(text);
  if (!(value > 0 && value < 100)) throw new InvalidValue("Give width / height, for example 2.");
  return value;
};

/** Ignores case and underscores, like the published code. */
export const netG = (text: string): NetG => {
  const name = text.toLowerCase().replaceAll("_", "");
  const known = NET_G.find((kind) => kind === name);
  if (known) return known;
  throw new InvalidValue(`Give ${NET_G.join(" or ")}.`);
};

/** A switch. On the command line it is on if given without a value; `--x false`, `--no-x` and `--no_x` turn it off. */
export const toggle: Rule = { value: "[bool]", parse: flag };
export const whole = (least: number): Rule => ({ value: "<n>", parse: number(least, true) });
export const real = (least: number): Rule => ({ value: "<x>", parse: number(least, false) });
export const text = (value: string, parse?: Rule["parse"]): Rule => ({ value, parse });
export const choice = (choices: readonly string[]): Rule => ({ value: "<which>", choices });

/** The same rule, but takes Infinity too ("inf", as Python prints it), which means no limit. */
export const limit = ({ parse, ...rule }: Rule): Rule => ({
  ...rule,
  parse: (given) => (/^\+?inf(inity)?$/i.test(given) ? Infinity : parse!(given)),
});

/** A decay rate, 0 <= x < 1. */
const decay: Rule = {
  value: "<x>",
  parse(given) {
    const value = Number(given);
    if (given.trim() === "" || !(value >= 0 && value < 1))
      throw new InvalidValue("Give a number from 0 on that is less than 1.");
    return value;
  },
};

const folder = text("<folder>");
const file = text("<file>");
const name = text("<name>");

/** Every option but isTrain, which the command sets. */
export const RULES: Readonly<Record<Exclude<keyof TrainOptions, "isTrain">, Rule>> = {
  dataset_mode: choice(DATASET_MODES),
  dataroot: folder,
  phase: name,
  label_dir: folder,
  image_dir: folder,
  instance_dir: folder,
  no_pairing_check: toggle,
  coco_no_portraits: toggle,
  max_dataset_size: limit(whole(1)),
  preprocess_mode: choice(PREPROCESS_MODES),
  load_size: whole(1),
  scale_shortside_as_published: toggle,
  flip_dist_as_published: toggle,
  crop_size: whole(32),
  aspect_ratio: text("<x>", aspect),
  label_nc: text("<n>", labelNc),
  contain_dontcare_label: toggle,
  no_instance: toggle,
  no_flip: toggle,
  serial_batches: toggle,
  batchSize: whole(1),
  nThreads: whole(0),

  netG: text("<net>", netG),
  norm_G: text("<norm>"),
  num_upsampling_layers: choice(["normal", "more", "most"]),
  resnet_n_downsample: whole(1),
  resnet_n_blocks: whole(1),
  resnet_kernel_size: whole(1),
  resnet_initial_kernel_size: whole(1),
  norm_D: text("<norm>"),
  norm_E: text("<norm>"),
  ngf: whole(1),
  ndf: whole(1),
  num_D: whole(1),
  n_layers_D: whole(1),
  use_vae: toggle,
  z_dim: whole(1),
  init_type: choice(INIT_TYPES),
  init_variance: real(0),
  style_length: whole(1),
  enc_ngf: whole(1),
  add_noise: toggle,
  add_dist: toggle,

  niter: whole(0),
  niter_decay: whole(0),
  lr: real(0),
  beta1: decay,
  beta2: decay,
  no_TTUR: toggle,
  D_steps_per_G: whole(1),
  gan_mode: choice(ganModes),
  lambda_feat: real(0),
  lambda_vgg: real(0),
  lambda_kld: real(0),
  no_ganFeat_loss: toggle,
  no_vgg_loss: toggle,

  name,
  checkpoints_dir: folder,
  continue_train: toggle,
  which_epoch: text("<epoch>"),
  print_freq: whole(1),
  display_freq: whole(1),
  save_latest_freq: whole(1),
  save_epoch_freq: whole(1),
  no_html: toggle,
  tf_log: toggle,

  seed: whole(0),
  labels: file,
  on_bad_sample: choice(["stop", "skip"]),
  vgg_weights: file,
  squeezenet_scale: real(0),
  init_from: file,
  dtype: choice(["f32", "f16"]),
  ema: decay,
  max_steps: limit(whole(1)),
  max_minutes: limit(real(0)),
  snapshot_freq: whole(0),
  save_last: limit(whole(1)),
  save_pth: toggle,
  val_label_dir: folder,
  val_image_dir: folder,
  profile: toggle,
};
