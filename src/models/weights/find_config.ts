// The config of a generator's checkpoint, and which of its options nothing but a guess supports: label maps are read by them.

import { guessConfig, semanticChannels } from "./guess.ts";
import { refuseOthers } from "./recognise.ts";
import { isLabelOption, LABEL_OPTIONS, readStoredConfig, type FoundConfig } from "./stored_config.ts";
import { semanticNc, type Config, type LabelConfig } from "../config.ts";
import { kindOf, outputSize } from "../kinds.ts";
import { SpadeError } from "../../runtime/errors.ts";

/** The options that keys and shapes leave open: how the semantic channels divide, and the size of the pictures. */
export const GUESSABLE = [
  "label_nc",
  "contain_dontcare_label",
  "no_instance",
  "crop_size",
  "aspect_ratio",
  "num_upsampling_layers",
] as const satisfies readonly (keyof Config)[];

/** The ways in which S semantic channels divide into labels, don't care and edges, as far as `given` allows. */
function readings(S: number, given: Partial<Config>): LabelConfig[] {
  const all = [false, true].flatMap((contain_dontcare_label) =>
    [false, true].map((no_instance) => ({
      label_nc: S - (contain_dontcare_label ? 1 : 0) - (no_instance ? 0 : 1),
      contain_dontcare_label,
      no_instance,
    })),
  );
  const fits = (c: LabelConfig): boolean =>
    (Object.keys(c) as (keyof LabelConfig)[]).every((key) => given[key] === undefined || given[key] === c[key]);
  return all.filter((c) => c.label_nc >= 1 && fits(c));
}

/** The reading nearest to the likely one. @throws SpadeError usage: none has S channels and the given options */
function labelOptions(S: number, likely: LabelConfig, given: Partial<Config>): { labels: LabelConfig; sure: boolean } {
  const found = readings(S, given);
  if (found.length === 0) {
    const names = LABEL_OPTIONS.filter((k) => given[k] !== undefined);
    throw new SpadeError(
      "usage",
      names.map((name) => `${name} ${String(given[name])}`).join(", "),
      `does not fit these weights, which read ${S} channels: the labels, one for don't care and one for edges if the net has them`,
      `give one of: ${readings(S, {}).map(describeLabels).join("; ")}`,
    );
  }
  const distance = (c: LabelConfig): number =>
    Number(c.contain_dontcare_label !== likely.contain_dontcare_label) + Number(c.no_instance !== likely.no_instance);
  const [labels] = found.sort((a, b) => distance(a) - distance(b));
  return { labels, sure: found.length === 1 };
}

/**
 * Finds the config of a generator's checkpoint: the given options, then the stored config, then a guess from keys and shapes.
 * @param shapes every tensor's shape under upstream's keys
 * @param metadata of a safetensors file, with its `config` (stored_config.ts)
 * @param given options that the user or an opt file states
 * @returns the config, and which of its options were guessed
 * @throws SpadeError unsupported: the keys are not those of a generator; file: the config in the metadata is invalid; usage: options
 * that the weights' channels contradict
 */
export function findConfig(
  shapes: ReadonlyMap<string, readonly number[]>,
  metadata: Readonly<Record<string, string>> = {},
  given: Partial<Config> = {},
): FoundConfig {
  const found = find(shapes, metadata, given);
  return { ...found, note: guessNote(found) };
}

function find(
  shapes: ReadonlyMap<string, readonly number[]>,
  metadata: Readonly<Record<string, string>>,
  given: Partial<Config>,
): FoundConfig {
  // Our discriminators and encoders have the run's config too.
  refuseOthers(shapes);
  const stored = metadata.config === undefined ? undefined : readStoredConfig(metadata.config);
  const config = { ...(stored?.config ?? guessConfig(shapes, given)), ...given };
  const open =
    stored?.guessed ??
    GUESSABLE.filter((key) =>
      key === "no_instance" ? !kindOf(config).edgesInKeys : key !== "num_upsampling_layers" || config[key] !== "most",
    );
  const guessed = open.filter((key) => given[key] === undefined);
  const S = semanticChannels(shapes);
  const areLabels = LABEL_OPTIONS.some((key) => given[key] !== undefined || guessed.includes(key));
  if (S === undefined || !areLabels) return { config, guessed };
  // A stored option that is not marked as a guess counts like a given one; to override it, the user states all three.
  const known = LABEL_OPTIONS.filter((key) => given[key] !== undefined || !guessed.includes(key));
  const fixed = Object.fromEntries(known.map((key) => [key, config[key]]));
  const { labels, sure } = labelOptions(S, config, fixed);
  return { config: { ...config, ...labels }, guessed: guessed.filter((key) => !sure || !isLabelOption(key)) };
}

/** "11 labels, don't care, edges" */
function describeLabels({ label_nc, contain_dontcare_label: dontCare, no_instance }: LabelConfig): string {
  return `${label_nc} labels${dontCare ? ", don't care" : ""}${no_instance ? "" : ", edges"}`;
}

/** The options that turn one reading into another. */
function optionsBetween(from: LabelConfig, to: LabelConfig): string {
  const flags = (["contain_dontcare_label", "no_instance"] as const).filter((name) => from[name] !== to[name]);
  return flags.map((name) => `--${name}${to[name] ? "" : "=false"}`).join(" ");
}

/** What was guessed of a config, and how to state it otherwise; undefined if nothing was. */
export function guessNote({
  config,
  guessed = [],
}: Pick<FoundConfig, "config"> & Partial<FoundConfig>): FoundConfig["note"] {
  if (guessed.length === 0) return undefined;
  const { h, w } = outputSize(config);
  const labels = guessed.some(isLabelOption);
  const sizes = guessed.filter((key) => !isLabelOption(key));
  const what = [...(labels ? [describeLabels(config)] : []), ...(sizes.length ? [`pictures of ${w}x${h}`] : [])];
  const edges = kindOf(config).edgesInKeys ? { no_instance: config.no_instance } : {};
  const others = labels ? readings(semanticNc(config), edges).filter((c) => optionsBetween(config, c) !== "") : [];
  const ways = [
    ...others.map((c) => `${optionsBetween(config, c)} (${describeLabels(c)})`),
    ...sizes.map((name) => `--${name}`),
  ];
  return {
    message: `guessed from keys and shapes: ${what.join(", ")}`,
    fix: `if trained otherwise: ${ways.join(", ")}`,
  };
}
