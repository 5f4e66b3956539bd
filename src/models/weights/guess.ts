// The config of a checkpoint: from its metadata, else from keys and shapes, with the published data sets as the tie-breakers.

import { parseJson } from "../../formats/budget.ts";
import { NET_G } from "../kinds.ts";
import { SpadeError } from "../../runtime/errors.ts";
import { defaultConfig, type Config, type Upsampling } from "../config.ts";
import { outputSize } from "../kinds.ts";
import type { EncoderConfig } from "../nets/encoder.ts";
import { checkNet } from "../kinds.ts";
import { refuseOthers } from "./recognise.ts";

type Semantics = Pick<Config, "label_nc" | "contain_dontcare_label" | "no_instance">;
type Size = Pick<Config, "num_upsampling_layers" | "crop_size" | "aspect_ratio">;

/** What the published data sets look like by their count of semantic channels. */
const PUBLISHED: Record<number, Semantics & Size> = {
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

/** Sizes that give a first feature map of this many pixels: the usual one first, else the squarest. */
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

/** What a net of so many semantic channels most likely saw. */
function dataSet(S: number): { semantics: Semantics; usual: Size } {
  const known = PUBLISHED[S];
  return {
    semantics: known ?? { label_nc: S - 1, contain_dontcare_label: false, no_instance: false },
    usual: known ?? { num_upsampling_layers: "normal", crop_size: 256, aspect_ratio: 1 },
  };
}

const AGAIN = "convert the checkpoint again";
/** Pixels on a side. */
const MOST_PIXELS = 8192;

interface Rule {
  readonly wanted: string;
  holds(value: unknown): boolean;
}
const number = (value: unknown, least: number, most: number): value is number =>
  typeof value === "number" && value >= least && value <= most;
const whole = (least: number, most: number): Rule => ({
  wanted: `a whole number from ${least} to ${most}`,
  holds: (v) => number(v, least, most) && Number.isInteger(v),
});
const flag: Rule = { wanted: "true or false", holds: (v) => typeof v === "boolean" };

const RULES: Readonly<Record<keyof Config, Rule>> = {
  label_nc: whole(1, 65535),
  contain_dontcare_label: flag,
  no_instance: flag,
  ngf: whole(1, 1024),
  z_dim: whole(1, 65536),
  use_vae: flag,
  crop_size: whole(1, MOST_PIXELS),
  aspect_ratio: { wanted: "a number from 1/16 to 16", holds: (v) => number(v, 1 / 16, 16) },
  netG: { wanted: NET_G.join(" or "), holds: (v) => NET_G.some((name) => name === v) },
  num_upsampling_layers: {
    wanted: "normal, more or most",
    holds: (v) => v === "normal" || v === "more" || v === "most",
  },
  resnet_n_downsample: whole(1, 8),
  resnet_n_blocks: whole(1, 256),
  resnet_kernel_size: whole(1, 31),
  resnet_initial_kernel_size: whole(1, 31),
  norm_G: { wanted: "a text", holds: (v) => typeof v === "string" },
};

/**
 * A config out of a file. Keys that are left out have their published defaults; others are ignored.
 * @throws SpadeError file: no object, or a key whose value no net has; the message names it
 */
export function checkedConfig(raw: unknown, where: string): Config {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    throw new SpadeError("file", where, "is not an object", AGAIN);
  }
  const stored = raw as Readonly<Record<string, unknown>>;
  const known = (Object.keys(RULES) as (keyof Config)[]).filter((key) => Object.hasOwn(stored, key));
  for (const key of known) {
    if (RULES[key].holds(stored[key])) continue;
    const found = JSON.stringify(stored[key]).slice(0, 40);
    throw new SpadeError("file", `${where}, ${key}`, `is ${found} where ${RULES[key].wanted} is wanted`, AGAIN);
  }
  const config = { ...defaultConfig, ...Object.fromEntries(known.map((key) => [key, stored[key]])) };
  try {
    checkNet(config);
    const { h } = outputSize(config);
    if (h > MOST_PIXELS) throw new SpadeError("file", "aspect_ratio", `makes a picture ${h} pixels high`, AGAIN);
  } catch (error) {
    if (!(error instanceof SpadeError)) throw error;
    throw new SpadeError("file", `${where}, ${error.where}`, error.problem, error.fix, error);
  }
  return config;
}

/**
 * @param shapes every tensor's shape under the published keys
 * @param metadata of a safetensors file; its `config` (JSON) wins over any guess
 * @throws SpadeError unsupported when the keys are not a SPADE generator's, file when the metadata's config is none
 */
export function guessConfig(
  shapes: ReadonlyMap<string, readonly number[]>,
  metadata: Readonly<Record<string, string>> = {},
): Config {
  if (metadata.config !== undefined) {
    const where = "weights, metadata config";
    let stored: unknown;
    try {
      stored = parseJson(metadata.config, where);
    } catch (cause) {
      if (cause instanceof SpadeError) throw cause;
      throw new SpadeError("file", where, "is not JSON", AGAIN, cause);
    }
    return checkedConfig(stored, where);
  }
  refuseOthers(shapes);
  const pix2pixhd = guessPix2PixHD(shapes);
  if (pix2pixhd) return pix2pixhd;
  const shared = shapes.get("head_0.norm_0.mlp_shared.0.weight");
  const fc = shapes.get("fc.weight");
  const first = shapes.get("head_0.conv_0.weight_orig") ?? shapes.get("head_0.conv_0.weight");
  if (!shared || !fc || !first) {
    const missing = !shared ? "head_0.norm_0.mlp_shared.0.weight" : !fc ? "fc.weight" : "head_0.conv_0.weight(_orig)";
    throw new SpadeError(
      "unsupported",
      "weights",
      `no key ${missing}`,
      "give a SPADE generator (latest_net_G.pth), or its name in a nested file with --key",
    );
  }
  const S = shared[1];
  const { semantics, usual } = dataSet(S);
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
    norm_G: `${spectral}spade${kind}${shared[2]}x${shared[3]}`,
  };
}

/**
 * The config of an encoder's checkpoint, from keys and shapes.
 * @throws SpadeError unsupported when they are not an encoder's
 */
export function guessEncoder(shapes: ReadonlyMap<string, readonly number[]>): EncoderConfig {
  const of = (...keys: string[]): readonly number[] | undefined => keys.map((key) => shapes.get(key)).find(Boolean);
  const spectral = of("layer1.0.weight_orig", "layer1.weight_orig");
  const first = spectral ?? of("layer1.0.weight", "layer1.weight");
  const mu = shapes.get("fc_mu.weight");
  if (!first || !mu) {
    const missing = first ? "fc_mu.weight" : "layer1.0.weight_orig";
    throw new SpadeError("unsupported", "encoder", `no key ${missing}`, "give a SPADE encoder (latest_net_E.pth)");
  }
  const kind = shapes.has("layer1.1.running_mean") ? "batch" : shapes.has("layer1.bias") ? "none" : "instance";
  return { ngf: first[0], z_dim: mu[0], norm_E: `${spectral ? "spectral" : ""}${kind}` };
}

/** The weight of a conv with its norm; keys end in `.0.` behind one that is no "none". */
function convOf(shapes: ReadonlyMap<string, readonly number[]>, name: string): readonly number[] | undefined {
  for (const rest of ["0.weight_orig", "0.weight", "weight_orig", "weight"]) {
    const shape = shapes.get(`${name}.${rest}`);
    if (shape) return shape;
  }
  return undefined;
}

/** The config of pix2pixHD's generator, if it is one: blocks stand where the halvings end. */
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
