// The public types of spade-webgpu/train. Times in ms, sizes in pixels, label ids as in training.

import type { LabelMap } from "../labels/label_map.ts";
import type { LabelInfo, Progress, Source, Style } from "../session/api.ts";

/**
 * Options of a training, under the names and with the defaults that the published code gives them (those of dataset_mode, which is "coco"
 * by default, among them). A whole opt.json may be given: what it says about files, epochs and saving has no effect here.
 */
export interface PublishedOptions {
  /** Whose defaults count for label_nc, contain_dontcare_label, no_instance, crop_size, aspect_ratio, num_upsampling_layers and batchSize. */
  dataset_mode: "coco" | "ade20k" | "cityscapes" | "facades" | "custom";
  /** Labels, don't care not counted. */
  label_nc: number;
  /** Whether there is one more label, for 255. */
  contain_dontcare_label: boolean;
  /** false: edges between instances are one more input. */
  no_instance: boolean;
  /** Width of the samples and pictures, in pixels; a multiple of the net's stride (32 for num_upsampling_layers "normal"). */
  crop_size: number;
  /** Width / height of the samples and pictures. */
  aspect_ratio: number;
  /** Samples a step. */
  batchSize: number;
  /** The generator. resnet_* are for "pix2pixhd", num_upsampling_layers is for the others. "clade" is published as norm_mode clade. */
  netG: "spade" | "pix2pixhd" | "clade" | "sean";
  /** "spectralspadesyncbatch3x3" ... */
  norm_G: string;
  num_upsampling_layers: "normal" | "more" | "most";
  resnet_n_downsample: number;
  resnet_n_blocks: number;
  resnet_kernel_size: number;
  resnet_initial_kernel_size: number;
  /** Norms of discriminator and encoder: "spectralinstance" ... */
  norm_D: string;
  norm_E: string;
  /** Width of generator and encoder. */
  ngf: number;
  /** Width of the discriminator. */
  ndf: number;
  /** Scales of the discriminator, and layers of each. */
  num_D: number;
  n_layers_D: number;
  /** An encoder gives the generator a style of z_dim numbers. */
  use_vae: boolean;
  z_dim: number;
  init_type: "normal" | "xavier" | "xavier_uniform" | "kaiming" | "orthogonal" | "none";
  init_variance: number;
  /** Adam's rate: generator and encoder learn at lr / 2, the discriminator at 2 lr; with no_TTUR all at lr. */
  lr: number;
  beta1: number;
  beta2: number;
  no_TTUR: boolean;
  /** Steps of the discriminator to one of the generator. */
  D_steps_per_G: number;
  gan_mode: "hinge" | "ls" | "original" | "w";
  /** Weights of feature matching, of the perceptual loss and of the style's divergence. */
  lambda_feat: number;
  lambda_vgg: number;
  lambda_kld: number;
  no_ganFeat_loss: boolean;
  /** As `perceptual: false`. */
  no_vgg_loss: boolean;
  /**
   * Not published: what SqueezeNet's distances are multiplied with in the perceptual loss, so that they are like VGG19's. A checkpoint keeps
   * its own; those of versions before 0.8 have 1.
   */
  squeezenet_scale: number;
  /** Not published: seed of all random draws. */
  seed: number;
  /** Not published: storage of activations; "f16" needs an adapter that has it. Weights that learn are f32. */
  dtype: "f32" | "f16";
  /** Not published; of netG "spade": noise before each SPADE norm, with a learnt factor for each channel. */
  add_noise: boolean;
  /** Of netG "clade": two factors a pixel, by its place in its region (ICPE). */
  add_dist: boolean;
  /** Of netG "sean": numbers of a region's style, and channels of the style encoder's first layer; published are 512 and 32. */
  style_length: number;
  enc_ngf: number;
  /** Not published: decay of a moving average of the generator, which preview() and save() then take; 0: none. At step n at most (1 + n) / (10 + n). */
  ema: number;
}

export interface TrainerOptions {
  /** Those of `from` count where they are omitted, else the defaults. Options that shape the nets of `from` can't be changed. */
  options?: Partial<PublishedOptions>;
  /**
   * A generator to fine-tune, with a new discriminator: a .safetensors for createSpade (in Node any, or a .pth). Or a checkpoint, whose
   * training goes on bit for bit on the same adapter. Omitted: new nets.
   */
  from?: Source;
  /**
   * SqueezeNet's features for the perceptual loss: `squeezenet1_0_features.safetensors` of the package spade-webgpu-weights; false: no such
   * loss. In Node it may be omitted where that package is installed.
   */
  perceptual?: Source | false;
  /** Names and colours of the labels, to be stored with the weights; omitted: those of `from`. */
  labels?: readonly LabelInfo[];
  /** A device of the page, to share: it is never destroyed or replaced here. Default: one of its own. */
  device?: GPUDevice;
  /** Aborts createTrainer, which then throws `signal.reason`. Steps end with `break`. */
  signal?: AbortSignal;
  /** Called often while files arrive and nets are loaded, and once with "ready". Kernels compile in the first step, which takes longer. */
  onProgress?: (p: Progress) => void;
}

/** A pair to learn from. Everything is copied when it is read. */
export interface Sample {
  /** Of exactly the net's size, crop_size wide. */
  label: LabelMap;
  /** Tells objects of one label apart; omitted: edges between labels count, if the net takes edges. */
  instance?: LabelMap;
  /** The photograph, of the map's size; alpha does not count. In Node an object of its shape. */
  image: Pick<ImageData, "data" | "width" | "height">;
}

export interface StepResult {
  /** Steps so far, those before a checkpoint included. */
  step: number;
  /**
   * Weighted, under the published names: GAN, GAN_Feat, VGG, KLD (of the generator), D_Fake, D_real; those that are on. In a step of the
   * discriminator alone (D_steps_per_G), the generator's are of its last step.
   */
  losses: Record<string, number>;
  /** Of the step, without waiting for samples. */
  ms: number;
}

export interface Trainer {
  /** Steps so far, those before a checkpoint included. */
  readonly step: number;
  /**
   * Trains: each batchSize samples make a step, until `count` steps are done (omitted: no limit) or the samples end; a last incomplete batch
   * is dropped. `break` ends it after the step; a later call goes on. While a step runs the next batch is read. As in a `for await`, the
   * samples' iterator is closed at the end.
   * @throws SpadeError usage: a loop over steps() is already running; shape, label, usage: a sample, named by its number, whose batch
   *   changed nothing; integrity: losses that are not numbers; out-of-memory; device-lost; disposed
   */
  steps(samples: Iterable<Sample> | AsyncIterable<Sample>, count?: number): AsyncIterableIterator<StepResult>;
  /**
   * Paints a map of the net's size with the generator as it is now, in f32. Waits for a running step.
   * @throws SpadeError label, shape, usage, unsupported: map and style, as in Spade.generate; integrity: the picture is not a number
   */
  preview(map: LabelMap, options?: { style?: Style }): Promise<ImageData>;
  /**
   * The generator as it is now, in f32, with its options and labels: createSpade({ weights: blob }). Of nets with VAE also styles of the
   * photographs so far, as presets, and the encoder, which `from` reads again.
   */
  save(): Promise<Blob>;
  /** Everything: createTrainer({ from: blob }) goes on with the same bytes as a training that never stopped. */
  checkpoint(): Promise<Blob>;
  /** Frees the GPU memory; a running loop and every later call throw `disposed`. May be called twice. */
  dispose(): void;
  /** dispose(), for `using`. */
  [Symbol.dispose](): void;
}
