// Guesses the config of a checkpoint from keys and shapes. Where these are ambiguous, assumes one of upstream's data sets.

import { SpadeError } from "../../runtime/errors.ts";
import { cladeKeys } from "../clade/keys.ts";
import { defaultConfig, type Config, type LabelConfig, type Upsampling } from "../config.ts";
import { outputSize } from "../kinds.ts";
import { guessSean, SEAN_KEY } from "../sean/guess.ts";
import { refuseOthers } from "./recognise.ts";

type Size = Pick<Config, "num_upsampling_layers" | "crop_size" | "aspect_ratio">;

/** The options of upstream's data sets, by number of semantic channels. */
const PUBLISHED: Record<number, LabelConfig & Size> = {
  184: {
    label_nc: 182,
    contain_dontcare_label: true,
    no_instance: false,
    num_upsampling_layers: "normal",
    crop_size: 256,
    aspect_ratio: 1,
  },
  151: {
    label_nc: 150,
    contain_dontcare_label: true,
    no_instance: true,
    num_upsampling_layers: "normal",
    crop_size: 256,
    aspect_ratio: 1,
  },
  36: {
    label_nc: 35,
    contain_dontcare_label: false,
    no_instance: false,
    num_upsampling_layers: "more",
    crop_size: 512,
    aspect_ratio: 2,
  },
  13: {
    label_nc: 13,
    contain_dontcare_label: false,
    no_instance: true,
    num_upsampling_layers: "normal",
    crop_size: 256,
    aspect_ratio: 1,
  },
};

/**
 * Finds a size whose first feature map has this many pixels: `usual` if it fits, else the first fit from a list of
 * aspect ratios.
 */
function sizeFor(pixels: number, ups: number, usual: Size): Partial<Size> {
  const fits = (s: Size): boolean => {
    const { h, w } = outputSize({ ...defaultConfig, ...s });
    return (h * w) / 4 ** ups === pixels;
  };
  if (fits(usual)) return usual;
  for (const aspect_ratio of [1, 4 / 3, 1.5, 16 / 9, 2, 3 / 4, 0.5]) {
    const w = Math.round(Math.sqrt(pixels * aspect_ratio));
    const size: Size = { ...usual, crop_size: w * 2 ** ups, aspect_ratio };
    if (w >= 1 && fits(size)) return size;
  }
  return {};
}

/** The size options among those given. */
function sizeOptions({ num_upsampling_layers, crop_size, aspect_ratio }: Partial<Config>): Partial<Size> {
  return {
    ...(num_upsampling_layers === undefined ? {} : { num_upsampling_layers }),
    ...(crop_size === undefined ? {} : { crop_size }),
    ...(aspect_ratio === undefined ? {} : { aspect_ratio }),
  };
}

/** The most likely label options and size of a net with S semantic channels. `edges`: whether one of them is that of edges, if it is known. */
function dataSet(S: number, edges?: boolean): { semantics: LabelConfig; usual: Size } {
  const known = edges === PUBLISHED[S]?.no_instance ? undefined : PUBLISHED[S];
  const no_instance = edges === false;
  return {
    semantics: known ?? { label_nc: no_instance ? S : S - 1, contain_dontcare_label: false, no_instance },
    usual: known ?? { num_upsampling_layers: "normal", crop_size: 256, aspect_ratio: 1 },
  };
}

/** The number of semantic channels that a generator's first label conv reads; undefined if the keys are no generator's. */
export function semanticChannels(shapes: ReadonlyMap<string, readonly number[]>): number | undefined {
  const clade = cladeKeys(shapes);
  if (clade) return clade.classes + (clade.edges ? 1 : 0);
  return (shapes.get("head_0.norm_0.mlp_shared.0.weight") ?? shapes.get(SEAN_KEY) ?? convOf(shapes, "model.1"))?.[1];
}

/**
 * Guesses the config of a generator's checkpoint from keys and shapes.
 * @param given options that the user or an opt file states; of a net with VAE they decide which size its fc means
 * @throws SpadeError unsupported: the keys are not those of a generator
 */
export function guessConfig(shapes: ReadonlyMap<string, readonly number[]>, given: Partial<Config> = {}): Config {
  refuseOthers(shapes);
  const other = guessPix2PixHD(shapes) ?? guessSean(shapes, given);
  if (other) return other;
  const clade = cladeKeys(shapes);
  const shared = shapes.get("head_0.norm_0.mlp_shared.0.weight");
  const fc = shapes.get("fc.weight");
  const first = shapes.get("head_0.conv_0.weight_orig") ?? shapes.get("head_0.conv_0.weight");
  if (!(shared ?? clade) || !fc || !first) {
    const missing = !(shared ?? clade)
      ? "head_0.norm_0.mlp_shared.0.weight"
      : !fc
        ? "fc.weight"
        : "head_0.conv_0.weight(_orig)";
    throw new SpadeError(
      "unsupported",
      "weights",
      `no key ${missing}`,
      "give a SPADE generator (latest_net_G.pth), or its name in a nested file with --key",
    );
  }
  const { semantics, usual: published } = dataSet(semanticChannels(shapes)!, clade?.edges);
  const usual = { ...published, ...sizeOptions(given) };
  const ngf = first[0] / 16;
  const use_vae = fc.length === 2;
  const most = shapes.has("up_4.conv_0.bias");
  let size: Size = { ...usual, num_upsampling_layers: most ? "most" : usual.num_upsampling_layers };
  if (use_vae) {
    const layers: Upsampling[] = most ? ["most"] : [size.num_upsampling_layers, "normal", "more"];
    for (const num_upsampling_layers of layers) {
      const found = sizeFor(fc[0] / (16 * ngf), { normal: 5, more: 6, most: 7 }[num_upsampling_layers], {
        ...size,
        num_upsampling_layers,
      });
      if (found.crop_size) {
        size = { ...size, ...found };
        break;
      }
    }
  }
  const spectral = shapes.has("head_0.conv_0.weight_orig") ? "spectral" : "";
  const kind = shapes.has("head_0.norm_0.param_free_norm.running_mean") ? "syncbatch" : "instance";
  return {
    ...defaultConfig,
    label_nc: semantics.label_nc,
    contain_dontcare_label: semantics.contain_dontcare_label,
    no_instance: semantics.no_instance,
    ngf,
    z_dim: use_vae ? fc[1] : defaultConfig.z_dim,
    use_vae,
    crop_size: size.crop_size,
    aspect_ratio: size.aspect_ratio,
    num_upsampling_layers: size.num_upsampling_layers,
    norm_G: `${spectral}spade${kind}${shared?.[2] ?? 3}x${shared?.[3] ?? 3}`,
    ...(clade && { netG: "clade", add_dist: clade.add_dist }),
    add_noise: shapes.has("head_0.norm_0.noise_var"),
  };
}

/** Shape of a conv's weight. Its key has `.0` after the layer's name if the layer has a norm. */
function convOf(shapes: ReadonlyMap<string, readonly number[]>, name: string): readonly number[] | undefined {
  for (const rest of ["0.weight_orig", "0.weight", "weight_orig", "weight"]) {
    const shape = shapes.get(`${name}.${rest}`);
    if (shape) return shape;
  }
  return undefined;
}

/**
 * Finds the config if the keys are those of pix2pixHD's generator. The index of the first block gives the number of
 * halvings.
 */
function guessPix2PixHD(shapes: ReadonlyMap<string, readonly number[]>): Config | undefined {
  const blocks = new Set(
    [...shapes.keys()].flatMap((key) => /^model\.(\d+)\.conv_block\./.exec(key)?.[1] ?? []).map(Number),
  );
  const firstBlock = [...blocks].reduce((least, at) => Math.min(least, at), Infinity);
  const first = convOf(shapes, "model.1");
  const inner = convOf(shapes, `model.${firstBlock}.conv_block.1`);
  if (!first || !inner) return undefined;
  const { semantics, usual } = dataSet(first[1]);
  const spectral = [...shapes.keys()].some((key) => key.endsWith(".weight_orig")) ? "spectral" : "";
  const stacked = shapes.has("model.1.0.weight") || shapes.has("model.1.0.weight_orig");
  const kind = !stacked ? "none" : shapes.has("model.1.1.running_mean") ? "batch" : "instance";
  return {
    ...defaultConfig,
    label_nc: semantics.label_nc,
    contain_dontcare_label: semantics.contain_dontcare_label,
    no_instance: semantics.no_instance,
    ngf: first[0],
    crop_size: usual.crop_size,
    aspect_ratio: usual.aspect_ratio,
    netG: "pix2pixhd",
    resnet_n_downsample: (firstBlock - 3) / 2,
    resnet_n_blocks: blocks.size,
    resnet_kernel_size: inner[2],
    resnet_initial_kernel_size: first[2],
    norm_G: `${spectral}${kind}`,
  };
}
