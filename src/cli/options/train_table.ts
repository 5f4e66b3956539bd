// Every option of `spade train` under its published name, in the groups of the help. Options that exist only here are last.

import { RULES } from "../../training/option_rules.ts";
import type { Table } from "./option_table.ts";

/** The options with these lines of help, and their rules. */
const described = <K extends keyof typeof RULES>(help: Readonly<Record<K, string>>): Table<K> =>
  Object.fromEntries(
    Object.entries<string>(help).map(([name, line]) => [name, { ...RULES[name as K], help: line }]),
  ) as Table<K>;

/** Data options that train, test and dataset share. */
export const DATA = described({
  dataset_mode: "how label maps, pictures and instance maps are found",
  dataroot: "of every mode but custom",
  phase: "train, val, test: picks folders",
  label_dir: "custom: label maps",
  image_dir: "custom: pictures, of the label maps' names",
  instance_dir: "custom: instance maps; left out, the label map itself says where things meet",
  no_pairing_check: "label maps and pictures may have different names",
  coco_no_portraits: "coco: landscape pictures alone",
  max_dataset_size: "pictures, after sorting",
  preprocess_mode: "how pictures come to their size",
  load_size: "pixels, before the crop",
  scale_shortside_as_published: "scale_shortside with the published code's slip: the short side stays as it is",
  flip_dist_as_published:
    "add_dist with the published code's slip: a mirrored sample's positions are flipped along the height",
  crop_size: "width of the net's pictures",
  aspect_ratio: "width / height of the net's pictures",
  label_nc: "labels, don't-care not counted",
  contain_dontcare_label: "one more label, for 255",
  no_instance: "no edge channel",
  no_flip: "no picture is mirrored",
  serial_batches: "in the lists' order, not shuffled",
  batchSize: "pictures a step",
  nThreads: "workers that decode; 0: as many as are useful",
});

export const NETWORK = described({
  netG: "the generator: spade, clade, sean or pix2pixhd",
  norm_G: "[spectral]spade(instance|batch|syncbatch)KxK, whose KxK has no effect in clade; of pix2pixhd as norm_D",
  num_upsampling_layers: "spade, clade, sean: upsamplings between z and the picture",
  resnet_n_downsample: "pix2pixhd: halvings",
  resnet_n_blocks: "pix2pixhd: residual blocks",
  resnet_kernel_size: "pix2pixhd: kernel of the residual blocks",
  resnet_initial_kernel_size: "pix2pixhd: kernel of the first conv",
  norm_D: "[spectral](instance|batch|sync_batch|none)",
  norm_E: "the same for the encoder",
  ngf: "width of the generator and the encoder",
  ndf: "width of the discriminator",
  num_D: "scales of the discriminator",
  n_layers_D: "layers of a scale",
  add_dist: "clade: two factors a pixel, by its place in its region (ICPE)",
  use_vae: "an encoder gives the generator a style z",
  z_dim: "length of z",
  init_type: "of the weights that spectral norm does not hold",
  init_variance: "std (normal) or gain (xavier, orthogonal)",
});

const OPTIMISATION = described({
  niter: "epochs at the full rate",
  niter_decay: "epochs of linear decay after them",
  lr: "Adam's rate",
  beta1: "Adam's; 0.5 with no_TTUR",
  beta2: "Adam's; 0.999 with no_TTUR",
  no_TTUR: "generator and discriminator both learn at lr, not at lr/2 and 2 lr",
  D_steps_per_G: "steps of the discriminator to one of the generator",
  gan_mode: "the adversarial loss",
  lambda_feat: "weight of feature matching",
  lambda_vgg: "weight of the perceptual loss",
  lambda_kld: "weight of the style's divergence (VAE)",
  no_ganFeat_loss: "no feature matching",
  no_vgg_loss: "no perceptual loss",
});

const SAVING = described({
  name: "of the experiment: its folder in checkpoints_dir",
  checkpoints_dir: "where experiments are saved",
  continue_train: "go on from the experiment's checkpoint",
  which_epoch: "which one: latest, or an epoch's number",
  print_freq: "pictures between two lines of losses; the first and the last step have one too",
  display_freq: "pictures between two looks at results",
  save_latest_freq: "pictures between two saves of the latest nets",
  save_epoch_freq: "epochs between two saves that stay",
  no_html: "no page of results",
  tf_log: "a TensorBoard log",
});

const OURS = described({
  seed: "of all random draws",
  labels: "label names and colours (JSON): label maps in these colours are understood",
  on_bad_sample: "what a damaged or mismatched file does to the run",
  vgg_weights: "torchvision's VGG19, for the published perceptual loss; left out: SqueezeNet 1.0",
  squeezenet_scale:
    "what SqueezeNet's distances are multiplied with, to be like VGG19's; a run that goes on keeps its own",
  style_length: "sean: numbers of a region's style; published: 512 alone",
  enc_ngf: "sean: width of the style encoder; published: 32 alone",
  add_noise:
    "noise before each SPADE norm, with a learnt factor for each channel (not published): texture inside regions of one label",
  init_from: "begin with the nets of a generator's file, and of its folder: what fits is taken, labels go by name",
  dtype: "storage of activations and of the weights that kernels read",
  ema: "decay of a moving average of the generator, at step n at most (1 + n) / (10 + n); 0: none",
  max_steps: "stop with a checkpoint when so many steps are taken in all",
  max_minutes: "stop with a checkpoint after so many minutes",
  snapshot_freq: "steps between snapshots in memory, from which a lost device is saved; 0: none",
  save_last: "numbered nets that stay: those of so many epochs, the newest; left out: all",
  save_pth: "write every saved net as .pth too",
  val_label_dir: "label maps of a fixed validation grid and a Frechet curve",
  val_image_dir: "its pictures",
  profile: "at the end: times by kernel, and the share of waiting for data",
});

/** The tables by heading of the help. If they lack an option that has a rule, the project does not compile. */
export const TRAIN_GROUPS: Readonly<Record<string, Table>> = {
  Data: DATA,
  Network: NETWORK,
  Optimisation: OPTIMISATION,
  "Saving and looking": SAVING,
  Ours: OURS,
};

const ALL: Table<keyof typeof RULES> = { ...DATA, ...NETWORK, ...OPTIMISATION, ...SAVING, ...OURS };
export const TRAIN_NAMES = Object.keys(ALL) as (keyof typeof ALL)[];
