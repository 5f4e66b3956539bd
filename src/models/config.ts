// The configuration of a SPADE net, with upstream's option names, and what follows from it: channels, sizes, keys,
// shapes.

import { SpadeError } from "../runtime/errors.ts";

/** How often the size doubles within the net: 5 times, 6 ("more") or 7 ("most"). */
export type Upsampling = "normal" | "more" | "most";
/** SPADE's generator, pix2pixHD's, CLADE's (published as netG spade with norm_mode clade), or SEAN's. */
export type NetG = "spade" | "pix2pixhd" | "clade" | "sean";

/** The published options that determine the generator's layers and shapes (those of upstream's train.py). */
export interface Config {
  /** Labels, don't care not counted. */
  label_nc: number;
  /** Whether there is one more label, for unknown pixels. */
  contain_dontcare_label: boolean;
  /** false: one more channel holds the edges of instances. */
  no_instance: boolean;
  /** Channels of the last block; the first has 16 times as many. */
  ngf: number;
  /** Numbers of a style, of a net with VAE. */
  z_dim: number;
  /** Whether the net has styles. */
  use_vae: boolean;
  /** Output width in pixels, before rounding down to a multiple of 2^ups. */
  crop_size: number;
  /** Output width / height. */
  aspect_ratio: number;
  /** Which generator. num_upsampling_layers is for spade and clade, resnet_* for pix2pixhd, norm_G for all, with different values. */
  netG: NetG;
  num_upsampling_layers: Upsampling;
  /** Halvings of the size, and as many doublings. */
  resnet_n_downsample: number;
  /** Blocks at the least size. */
  resnet_n_blocks: number;
  /** Odd. */
  resnet_kernel_size: number;
  /** Odd. */
  resnet_initial_kernel_size: number;
  /** As published: "spectralspadesyncbatch3x3", "instance" ... */
  norm_G: string;
  /** Of netG sean: numbers of a region's style, and channels of the style encoder's first layer; published are 512 and 32 alone. */
  style_length: number;
  enc_ngf: number;
  /** Not published; of netG spade: noise before each SPADE norm, with a learnt factor for each channel. */
  add_noise: boolean;
  /** Of netG clade: two factors a pixel, by its place in its region (the paper's ICPE). */
  add_dist: boolean;
}

export const defaultConfig: Config = {
  label_nc: 182,
  contain_dontcare_label: true,
  no_instance: false,
  ngf: 64,
  z_dim: 256,
  use_vae: false,
  crop_size: 256,
  aspect_ratio: 1,
  netG: "spade",
  num_upsampling_layers: "normal",
  resnet_n_downsample: 4,
  resnet_n_blocks: 9,
  resnet_kernel_size: 3,
  resnet_initial_kernel_size: 7,
  norm_G: "spectralspadesyncbatch3x3",
  style_length: 512,
  enc_ngf: 32,
  add_noise: false,
  add_dist: false,
};

const OURS = ["add_noise", "add_dist", "style_length", "enc_ngf"] as const;

/**
 * An object with a config as files hold it: without what SPADE's published options have not and has its default, so that files of its nets stay
 * as they are.
 */
export function storedForm<T extends Partial<Config>>(c: T): Partial<T> {
  const stored: Partial<T> = { ...c };
  for (const name of OURS) if (c[name] === defaultConfig[name]) delete stored[name];
  return stored;
}

/** Output channels of mlp_shared; fixed in upstream's code. */
export const HIDDEN = 128;

/** The options that define the values of a label map. */
export type LabelConfig = Pick<Config, "label_nc" | "contain_dontcare_label" | "no_instance">;

/** Number of labels. Legal values are 0 .. labelCount-1; the don't-care class is the last. */
export function labelCount(c: LabelConfig): number {
  return c.label_nc + (c.contain_dontcare_label ? 1 : 0);
}

/** Channels of the one-hot map in upstream's code: labels, don't-care, edge. */
export function semanticNc(c: LabelConfig): number {
  return labelCount(c) + (c.no_instance ? 0 : 1);
}

/**
 * The labels that a net takes. 255 becomes `dontCare` unless that is null. `edges`: whether the net has the instance
 * edge channel.
 */
export function labelSpace(c: LabelConfig): { labelCount: number; dontCare: number | null; edges: boolean } {
  return {
    labelCount: labelCount(c),
    dontCare: c.contain_dontcare_label ? c.label_nc : null,
    edges: !c.no_instance,
  };
}

export interface NormG {
  spectral: boolean;
  kind: "batch" | "instance";
  /** syncbatch: with peers, statistics are those of all their batches. Equal to batch in one process. */
  synced: boolean;
  /** Kernel size of the three SPADE convs, odd. */
  k: number;
}

/** Parses a norm_G string in upstream's grammar: [spectral]spade(instance|batch|syncbatch)KxK. */
export function parseNormG(norm: string): NormG {
  const bad = (why: string): never => {
    throw new SpadeError(
      "usage",
      `norm_G "${norm}"`,
      why,
      "use [spectral]spade(instance|batch|syncbatch)KxK with an odd K, for example spectralspadesyncbatch3x3",
    );
  };
  const rest = norm.replaceAll("spectral", "");
  const match = /^spade(\D+)(\d)x\d/.exec(rest);
  if (!match) return bad("is not a SPADE norm");
  const [, kind, k] = match;
  if (kind !== "instance" && kind !== "batch" && kind !== "syncbatch") return bad(`"${kind}" is not a known norm`);
  if (Number(k) % 2 === 0) return bad(`kernel ${k} is even and would change the picture's size`);
  return {
    spectral: norm.includes("spectral"),
    kind: kind === "instance" ? "instance" : "batch",
    synced: kind === "syncbatch",
    k: Number(k),
  };
}

/** The norm (without SPADE) of a conv in the discriminator, the encoder and pix2pixHD's generator. */
export interface PlainNorm {
  spectral: boolean;
  /** Batch norm has weight and bias, instance norm neither. */
  kind: "none" | "batch" | "instance";
  /** sync_batch: with peers, statistics are those of all their batches. Equal to batch in one process. */
  synced: boolean;
}

/**
 * Parses a norm_D or norm_E string, or pix2pixHD's norm_G: [spectral](instance|batch|sync_batch|none|). "spectral" is
 * optional; upstream fails without it.
 */
export function parsePlainNorm(norm: string, option: "norm_D" | "norm_E" | "norm_G"): PlainNorm {
  const spectral = norm.startsWith("spectral");
  const rest = spectral ? norm.slice("spectral".length) : norm;
  const kinds: Record<string, PlainNorm["kind"]> = {
    "": "none",
    none: "none",
    batch: "batch",
    sync_batch: "batch",
    instance: "instance",
  };
  if (!Object.hasOwn(kinds, rest)) {
    throw new SpadeError(
      "usage",
      `${option} "${norm}"`,
      `"${rest}" is not a known norm`,
      "use [spectral](instance|batch|sync_batch|none), for example spectralinstance",
    );
  }
  return { spectral, kind: kinds[rest], synced: rest === "sync_batch" };
}

/** Rounds like Python's round(): halves go to the even neighbour. */
export function roundHalfEven(x: number): number {
  const f = Math.floor(x);
  return x - f === 0.5 ? f + Math.abs(f % 2) : Math.round(x);
}

export function upsamplings(c: Config): number {
  return { normal: 5, more: 6, most: 7 }[c.num_upsampling_layers];
}

/** Height and width of the generator's first feature map. */
export function latentSize(c: Config): { h: number; w: number } {
  const w = Math.floor(c.crop_size / 2 ** upsamplings(c));
  const h = roundHalfEven(w / c.aspect_ratio);
  if (w < 1 || h < 1) {
    throw new SpadeError(
      "usage",
      `crop_size ${c.crop_size}, aspect_ratio ${c.aspect_ratio}`,
      `leaves a first feature map of ${w}x${h} under num_upsampling_layers ${c.num_upsampling_layers}`,
      `use a crop_size of at least ${2 ** upsamplings(c)} and an aspect_ratio that keeps the height above zero`,
    );
  }
  return { h, w };
}

/** One SPADE residual block: its name, channels and size, and whether its input is first upsampled x2 (nearest). */
export interface BlockSpec {
  name: string;
  fin: number;
  fout: number;
  fmid: number;
  /** Whether the shortcut is learned (norm_s and conv_s), which is so if fin != fout. */
  learned: boolean;
  up: boolean;
  /** Size of the feature map in the block, after upsampling. */
  h: number;
  w: number;
}

/** The generator's blocks in order. */
export function blocks(c: Config): BlockSpec[] {
  const nf = c.ngf;
  let { h, w } = latentSize(c);
  const out: BlockSpec[] = [];
  const add = (name: string, fin: number, fout: number, up: boolean): void => {
    if (up) [h, w] = [2 * h, 2 * w];
    out.push({ name, fin, fout, fmid: Math.min(fin, fout), learned: fin !== fout, up, h, w });
  };
  add("head_0", 16 * nf, 16 * nf, false);
  add("G_middle_0", 16 * nf, 16 * nf, true);
  add("G_middle_1", 16 * nf, 16 * nf, c.num_upsampling_layers !== "normal");
  const widths = [16 * nf, 8 * nf, 4 * nf, 2 * nf, nf];
  if (c.num_upsampling_layers === "most") widths.push(Math.floor(nf / 2));
  for (let i = 0; i + 1 < widths.length; i++) add(`up_${i}`, widths[i], widths[i + 1], true);
  return out;
}

/** The norms of a block with their channel counts, in upstream's order. */
export function normsOf(b: BlockSpec): { name: string; channels: number }[] {
  const norms = [
    { name: `${b.name}.norm_0`, channels: b.fin },
    { name: `${b.name}.norm_1`, channels: b.fmid },
  ];
  if (b.learned) norms.push({ name: `${b.name}.norm_s`, channels: b.fin });
  return norms;
}

/** The convs of a block: kernel size, channels, whether they have a bias. */
export function convsOf(b: BlockSpec): { name: string; cin: number; cout: number; k: number; bias: boolean }[] {
  const convs = [
    { name: `${b.name}.conv_0`, cin: b.fin, cout: b.fmid, k: 3, bias: true },
    { name: `${b.name}.conv_1`, cin: b.fmid, cout: b.fout, k: 3, bias: true },
  ];
  if (b.learned) convs.push({ name: `${b.name}.conv_s`, cin: b.fin, cout: b.fout, k: 1, bias: false });
  return convs;
}

type Shapes = Map<string, number[]>;

/** Adds the shapes of a block's convs. */
export function addConvs(shapes: Shapes, b: BlockSpec, spectral: boolean): void {
  for (const { name, cin, cout, k, bias } of convsOf(b)) {
    if (bias) shapes.set(`${name}.bias`, [cout]);
    if (!spectral) shapes.set(`${name}.weight`, [cout, cin, k, k]);
    else {
      shapes.set(`${name}.weight_orig`, [cout, cin, k, k]);
      shapes.set(`${name}.weight_u`, [cout]).set(`${name}.weight_v`, [cin * k * k]);
    }
  }
}

/** Adds the shapes of the convs, k x k, through which a SPADE norm of this key reads S channels of labels. */
export function addLabelConvs(shapes: Shapes, S: number, k: number, key: string, channels: number): void {
  shapes.set(`${key}.mlp_shared.0.weight`, [HIDDEN, S, k, k]);
  shapes.set(`${key}.mlp_shared.0.bias`, [HIDDEN]);
  for (const mlp of ["mlp_gamma", "mlp_beta"])
    shapes.set(`${key}.${mlp}.weight`, [channels, HIDDEN, k, k]).set(`${key}.${mlp}.bias`, [channels]);
}

/** Every key of the generator's state_dict with its shape, in PyTorch's order, without num_batches_tracked. */
export function generatorShapes(c: Config): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  const { spectral, kind, k } = parseNormG(c.norm_G);
  const S = semanticNc(c);
  const { h, w } = latentSize(c);
  if (c.use_vae) shapes.set("fc.weight", [16 * c.ngf * h * w, c.z_dim]).set("fc.bias", [16 * c.ngf * h * w]);
  else shapes.set("fc.weight", [16 * c.ngf, S, 3, 3]).set("fc.bias", [16 * c.ngf]);
  const specs = blocks(c);
  for (const b of specs) {
    addConvs(shapes, b, spectral);
    for (const { name, channels } of normsOf(b)) {
      if (c.add_noise) shapes.set(`${name}.noise_var`, [channels]);
      if (kind === "batch") {
        shapes.set(`${name}.param_free_norm.running_mean`, [channels]);
        shapes.set(`${name}.param_free_norm.running_var`, [channels]);
      }
      addLabelConvs(shapes, S, k, name, channels);
    }
  }
  const last = specs[specs.length - 1].fout;
  shapes.set("conv_img.weight", [3, last, 3, 3]).set("conv_img.bias", [3]);
  return shapes;
}
