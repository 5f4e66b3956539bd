// The config stored with weights: `config` (JSON) in a safetensors file's metadata, checked key by key.

import { parseJson } from "../../formats/budget.ts";
import { defaultConfig, storedForm, type Config } from "../config.ts";
import { checkNet, NET_G, outputSize } from "../kinds.ts";
import { SpadeError } from "../../runtime/errors.ts";

const AGAIN = "convert the checkpoint again";
/** Largest width or height, in pixels. */
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
  style_length: whole(1, 4096),
  enc_ngf: whole(1, 1024),
  add_noise: flag,
  add_dist: flag,
};

/**
 * Checks a config from a file. Missing keys get upstream's defaults; unknown keys are ignored.
 * @throws SpadeError file: not an object, or an invalid value; the message names its key
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
    // A net that this entry does not paint is no fault of the file.
    if (!(error instanceof SpadeError) || error.code === "unsupported") throw error;
    throw new SpadeError("file", `${where}, ${error.where}`, error.problem, error.fix, error);
  }
  return config;
}

/** A net's config, and the options in it that the file does not determine, so that they were guessed. */
export interface FoundConfig {
  readonly config: Config;
  readonly guessed: readonly (keyof Config)[];
  /** What was guessed, and how to state it otherwise; undefined if nothing was. */
  readonly note?: { message: string; fix: string };
}

export const LABEL_OPTIONS = ["label_nc", "contain_dontcare_label", "no_instance"] as const;
export const isLabelOption = (key: keyof Config): boolean => (LABEL_OPTIONS as readonly string[]).includes(key);

/** The metadata's value: the config's keys, and `guessed` with the names of guessed ones if there are any. */
export function storedConfig({ config, guessed }: FoundConfig): string {
  return JSON.stringify(storedForm(guessed.length ? { ...config, guessed } : config));
}

/** @throws SpadeError file: not JSON, or as checkedConfig */
export function readStoredConfig(text: string): FoundConfig {
  const where = "weights, metadata config";
  let stored: unknown;
  try {
    stored = parseJson(text, where);
  } catch (cause) {
    if (cause instanceof SpadeError) throw cause;
    throw new SpadeError("file", where, "is not JSON", AGAIN, cause);
  }
  const config = checkedConfig(stored, where);
  const { guessed } = stored as { guessed?: unknown };
  const names = Array.isArray(guessed) ? guessed : [];
  const guesses = (Object.keys(RULES) as (keyof Config)[]).filter((key) => names.includes(key));
  const message = `guessed when the file was written: ${guesses.map((key) => `${key} ${String(config[key])}`).join(", ")}`;
  const fix = "convert the file with the options it was trained with";
  return { config, guessed: guesses, note: guesses.length ? { message, fix } : undefined };
}

/** Adds to an error about labels that do not fit the net that the net's label options are a guess; other errors pass. */
export function explainGuess(error: unknown, { guessed, note }: Partial<FoundConfig>): unknown {
  if (!(error instanceof SpadeError) || error.code !== "label" || !note || !guessed?.some(isLabelOption)) return error;
  const fix = `${error.fix}; the net's labels are ${note.message}; ${note.fix}`;
  return new SpadeError(error.code, error.where, error.problem, fix, error);
}
