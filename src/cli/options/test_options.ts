// Every option of `spade test`, and how its value is chosen: command line, then the opt file of the training run, then the config stored
// with the net, then the data set's defaults for a test.

import { basename, dirname, extname, resolve } from "node:path";
import type { Command } from "commander";
import { datasetDefaults, defaultData, type DataOptions } from "../../datasets/options.ts";
import { defaultConfig, type Config } from "../../models/config.ts";
import { netOfMode } from "../../models/clade/norm_mode.ts";
import { addDeadOptions } from "./dead_options.ts";
import { addTable, choice, FORCE, limit, text, toggle, whole, type Table } from "./option_table.ts";
import { describeDefault, loadFromOptFile, normMode, statedMode } from "./train_options.ts";
import { DATA, NETWORK } from "./train_table.ts";

/** Options that the published parser accepts, without effect here: pictures are painted one by one, in list order, not flipped. */
const NOT_OF_A_TEST = [
  ...["batchSize", "nThreads", "no_flip", "flip_dist_as_published", "serial_batches", "coco_no_portraits"],
  ...["norm_D", "norm_E", "init_type", "init_variance"],
];

const TEST_DATA: Table = Object.fromEntries(Object.entries(DATA).filter(([name]) => !NOT_OF_A_TEST.includes(name)));

/** Options of the generator; label_nc and the like are in TEST_DATA. */
const TEST_NETWORK: Table = Object.fromEntries(Object.entries(NETWORK).filter(([name]) => name in defaultConfig));

const TEST = {
  name: text("<name>", "of the experiment: its folder in checkpoints_dir and in results_dir"),
  checkpoints_dir: text("<folder>", "where experiments are saved"),
  which_epoch: text("<epoch>", "which net: latest, or an epoch's number"),
  results_dir: text("<folder>", "where pictures and index.html go"),
  how_many: limit(whole(1, "label maps; left out, all of them")),
  display_winsize: whole(1, "width of the pictures in index.html"),
  load_from_opt_file: loadFromOptFile,
} satisfies Table;

const OURS = {
  weights: text("<file>", "test this generator (.safetensors, .pth), without a folder of checkpoints"),
  encoder: text("<file>", "the net's encoder (VAE); left out, <epoch>_net_E beside the generator"),
  style: text(
    "<style>",
    "of nets with VAE: encoded (each photo's own, with random noise, as published), mean, random, seed:N, a stored style, a picture, or a safetensors file with z; of SEAN: encoded (each photo's regions, whose codes are written to styles/), mean, a file of codes, or a folder of codes that the published code saved; left out, encoded where there are photos and an encoder, else mean",
  ),
  n_samples: whole(1, "pictures a label map, in different styles: NAME_1.png, NAME_2.png, ..."),
  seed: whole(0, "of encoded styles, and of crops where load_size is larger"),
  labels: text("<file>", "label names and colours (JSON); left out, those stored with the net"),
  dtype: choice(["auto", "f16", "f32"], "of weights and activations; auto: f16 where a GPU has it"),
  key: text("<name>", "the generator's name in a nested checkpoint"),
  force: toggle(FORCE),
} satisfies Table;

export interface TestOptions {
  name: string;
  checkpoints_dir: string;
  which_epoch: string;
  results_dir: string;
  how_many: number;
  display_winsize: number;
  weights?: string;
  encoder?: string;
  style?: string;
  n_samples: number;
  dtype: "auto" | "f16" | "f32";
  key?: string;
  force?: boolean;
  /** Options of the net that were given or saved. */
  overrides: Partial<Config>;
  /** Options of the data that were given or saved. */
  data: Partial<DataOptions>;
}

const DEFAULTS = {
  name: "label2coco",
  checkpoints_dir: "./checkpoints",
  which_epoch: "latest",
  results_dir: "./results/",
  how_many: Infinity,
  display_winsize: 256,
  n_samples: 1,
  dtype: "auto",
} as const;

/** Options of the training run that a test takes over. Among those it does not: phase, load_size, max_dataset_size. */
const FROM_TRAINING = [
  ...["dataset_mode", "dataroot", "label_dir", "image_dir", "instance_dir", "no_pairing_check", "preprocess_mode"],
  ...["labels", ...Object.keys(defaultConfig)],
];

export function addTestOptions(command: Command): Command {
  const base: Readonly<Record<string, unknown>> = { ...defaultData, ...DEFAULTS, phase: "test" };
  const usual = (name: string): string | undefined => {
    if (name in defaultConfig) return "the net's own";
    if (name === "load_size") return "crop_size";
    return name in base ? describeDefault(name, base[name], true) : undefined;
  };
  addTable(command, "Data", TEST_DATA, usual);
  addTable(command, "Network", { ...TEST_NETWORK, norm_mode: normMode }, usual);
  addTable(command, "Test", TEST, usual);
  addTable(command, "Ours", OURS, usual);
  return addDeadOptions(command, NOT_OF_A_TEST);
}

/**
 * Resolves the options of a test.
 * @param given options of the command line, under their published names
 * @param saved options of a training run's opt file
 */
export function resolveTestOptions(
  given: Readonly<Record<string, unknown>>,
  saved: Readonly<Record<string, unknown>> = {},
): TestOptions {
  const stated: Record<string, unknown> = {};
  for (const name of FROM_TRAINING) if (saved[name] !== undefined) stated[name] = saved[name];
  for (const [name, value] of Object.entries(given)) if (value !== undefined) stated[name] = value;
  const netG = netOfMode(given.netG as string | undefined, given.norm_mode, "--norm_mode");
  Object.assign(stated, statedMode(given, saved), netG === undefined ? {} : { netG });
  const among = (table: object): Record<string, unknown> =>
    Object.fromEntries(Object.entries(stated).filter(([name]) => name in table));
  const winsize = { display_winsize: stated.dataset_mode === "cityscapes" ? 512 : DEFAULTS.display_winsize };
  const ofFile = typeof stated.weights === "string" ? namesOf(stated.weights) : {};
  return {
    ...DEFAULTS,
    ...winsize,
    ...ofFile,
    ...among({ ...TEST, ...OURS }),
    overrides: among(defaultConfig),
    data: among(defaultData),
  } as TestOptions;
}

/** Names for the results: folder/5_net_G.pth is epoch 5 of experiment "folder"; street.safetensors is the latest of "street". */
function namesOf(weights: string): { name: string; which_epoch?: string } {
  const stem = basename(weights, extname(weights));
  const [, which_epoch] = /^(.+)_net_G$/.exec(stem) ?? [];
  return which_epoch === undefined ? { name: stem } : { name: basename(dirname(resolve(weights))), which_epoch };
}

/** The data options to test a net with. */
export function testData(stated: Partial<DataOptions>, config: Config): DataOptions {
  const { label_nc, contain_dontcare_label, no_instance, crop_size, aspect_ratio } = config;
  const defaults = datasetDefaults(stated.dataset_mode ?? defaultData.dataset_mode, true);
  return {
    ...defaultData,
    ...defaults,
    phase: "test",
    // Crops are square; other shapes need "fixed".
    preprocess_mode: aspect_ratio === 1 ? defaults.preprocess_mode! : "fixed",
    load_size: crop_size,
    ...stated,
    ...{ label_nc, contain_dontcare_label, no_instance, crop_size, aspect_ratio },
    // The painter computes positions of the maps that it paints.
    add_dist: false,
    isTrain: false,
    no_flip: true,
    serial_batches: true,
    batchSize: 1,
  };
}
