// Every option of `spade train` under its published name, in the groups of the help. Options that exist only here are last.

import { ganModes } from "../../../kernels/loss/gan_loss.ts";
import { DATASET_MODES, PREPROCESS_MODES } from "../../datasets/options.ts";
import { INIT_TYPES, type TrainOptions } from "../../training/options.ts";
import { aspect, labelNc, netG } from "./config_options.ts";
import { choice, decay, limit, real, text, toggle, whole, type Entry, type Table } from "./option_table.ts";

/** Data options that train, test and dataset share. */
export const DATA = {
  dataset_mode: choice(DATASET_MODES, "how label maps, pictures and instance maps are found"),
  dataroot: text("<folder>", "of every mode but custom"),
  phase: text("<name>", "train, val, test: picks folders"),
  label_dir: text("<folder>", "custom: label maps"),
  image_dir: text("<folder>", "custom: pictures, of the label maps' names"),
  instance_dir: text("<folder>", "custom: instance maps; left out, the label map itself says where things meet"),
  no_pairing_check: toggle("label maps and pictures may have different names"),
  coco_no_portraits: toggle("coco: landscape pictures alone"),
  max_dataset_size: limit(whole(1, "pictures, after sorting")),
  preprocess_mode: choice(PREPROCESS_MODES, "how pictures come to their size"),
  load_size: whole(1, "pixels, before the crop"),
  scale_shortside_as_published: toggle("scale_shortside with the published code's slip: the short side stays as it is"),
  crop_size: whole(32, "width of the net's pictures"),
  aspect_ratio: text("<x>", "width / height of the net's pictures", aspect),
  label_nc: text("<n>", "labels, don't-care not counted", labelNc),
  contain_dontcare_label: toggle("one more label, for 255"),
  no_instance: toggle("no edge channel"),
  no_flip: toggle("no picture is mirrored"),
  serial_batches: toggle("in the lists' order, not shuffled"),
  batchSize: whole(1, "pictures a step"),
  nThreads: whole(0, "workers that decode; 0: as many as are useful"),
} satisfies Table;

export const NETWORK = {
  netG: text("<net>", "the generator: spade or pix2pixhd", netG),
  norm_G: text("<norm>", "[spectral]spade(instance|batch|syncbatch)KxK; of pix2pixhd as norm_D"),
  num_upsampling_layers: choice(["normal", "more", "most"], "spade: upsamplings between z and the picture"),
  resnet_n_downsample: whole(1, "pix2pixhd: halvings"),
  resnet_n_blocks: whole(1, "pix2pixhd: residual blocks"),
  resnet_kernel_size: whole(1, "pix2pixhd: kernel of the residual blocks"),
  resnet_initial_kernel_size: whole(1, "pix2pixhd: kernel of the first conv"),
  norm_D: text("<norm>", "[spectral](instance|batch|sync_batch|none)"),
  norm_E: text("<norm>", "the same for the encoder"),
  ngf: whole(1, "width of the generator and the encoder"),
  ndf: whole(1, "width of the discriminator"),
  num_D: whole(1, "scales of the discriminator"),
  n_layers_D: whole(1, "layers of a scale"),
  use_vae: toggle("an encoder gives the generator a style z"),
  z_dim: whole(1, "length of z"),
  init_type: choice(INIT_TYPES, "of the weights that spectral norm does not hold"),
  init_variance: real(0, "std (normal) or gain (xavier, orthogonal)"),
} satisfies Table;

const OPTIMISATION = {
  niter: whole(0, "epochs at the full rate"),
  niter_decay: whole(0, "epochs of linear decay after them"),
  lr: real(0, "Adam's rate"),
  beta1: decay("Adam's; 0.5 with no_TTUR"),
  beta2: decay("Adam's; 0.999 with no_TTUR"),
  no_TTUR: toggle("generator and discriminator both learn at lr, not at lr/2 and 2 lr"),
  D_steps_per_G: whole(1, "steps of the discriminator to one of the generator"),
  gan_mode: choice(ganModes, "the adversarial loss"),
  lambda_feat: real(0, "weight of feature matching"),
  lambda_vgg: real(0, "weight of the perceptual loss"),
  lambda_kld: real(0, "weight of the style's divergence (VAE)"),
  no_ganFeat_loss: toggle("no feature matching"),
  no_vgg_loss: toggle("no perceptual loss"),
} satisfies Table;

const SAVING = {
  name: text("<name>", "of the experiment: its folder in checkpoints_dir"),
  checkpoints_dir: text("<folder>", "where experiments are saved"),
  continue_train: toggle("go on from the experiment's checkpoint"),
  which_epoch: text("<epoch>", "which one: latest, or an epoch's number"),
  print_freq: whole(1, "pictures between two lines of losses"),
  display_freq: whole(1, "pictures between two looks at results"),
  save_latest_freq: whole(1, "pictures between two saves of the latest nets"),
  save_epoch_freq: whole(1, "epochs between two saves that stay"),
  no_html: toggle("no page of results"),
  tf_log: toggle("a TensorBoard log"),
} satisfies Table;

const OURS = {
  seed: whole(0, "of all random draws"),
  labels: text("<file>", "label names and colours (JSON): label maps in these colours are understood"),
  on_bad_sample: choice(["stop", "skip"], "what a damaged or mismatched file does to the run"),
  vgg_weights: text("<file>", "torchvision's VGG19, for the published perceptual loss; left out: SqueezeNet 1.0"),
  dtype: choice(["f32", "f16"], "storage of activations and of the weights that kernels read"),
  ema: decay("decay of a moving average of the generator; 0: none"),
  max_steps: limit(whole(1, "stop with a checkpoint when so many steps are taken in all")),
  max_minutes: limit(real(0, "stop with a checkpoint after so many minutes")),
  snapshot_freq: whole(0, "steps between snapshots in memory, from which a lost device is saved; 0: none"),
  save_pth: toggle("write every saved net as .pth too"),
  val_label_dir: text("<folder>", "label maps of a fixed validation grid and a Frechet curve"),
  val_image_dir: text("<folder>", "its pictures"),
  profile: toggle("at the end: times by kernel, and the share of waiting for data"),
} satisfies Table;

/** The tables by heading of the help. If they lack an option of TrainOptions, the project does not compile. */
export const TRAIN_GROUPS: Readonly<Record<string, Table>> = {
  Data: DATA,
  Network: NETWORK,
  Optimisation: OPTIMISATION,
  "Saving and looking": SAVING,
  Ours: OURS,
};

const ALL = { ...DATA, ...NETWORK, ...OPTIMISATION, ...SAVING, ...OURS } satisfies Table<
  Exclude<keyof TrainOptions, "isTrain">
>;
export const TRAIN_TABLE: Readonly<Record<keyof typeof ALL, Entry>> = ALL;
export const TRAIN_NAMES = Object.keys(ALL) as (keyof typeof ALL)[];
