// Resolves the options of a run, with the published precedence: command line, then the opt file of an earlier run, then what the data
// set changes, then what the network changes, then the base defaults. Options that cannot work are refused before anything starts.

import { resolve } from "node:path";
import type { Command } from "commander";
import { DATASET_MODES, datasetDefaults, type DataOptions, type DatasetMode } from "../../datasets/options.ts";
import { roundHalfEven, type NetG } from "../../models/config.ts";
import { outputSize, strideOf } from "../../models/kinds.ts";
import { listed } from "../../formats/budget.ts";
import { foreign, SpadeError } from "../../runtime/errors.ts";
import { checkCropSize, checkNets, ruled, withDefaults } from "../../training/option_values.ts";
import { defaultOptions, type TrainOptions } from "../../training/options.ts";
import { loadOptions, loadOptionsFile, optFileIn } from "../../training/records/opt_file.ts";
import { addDeadOptions } from "./dead_options.ts";
import { netOfMode, NORM_MODES } from "../../models/clade/norm_mode.ts";
import { addTable, choice, text } from "./option_table.ts";
import { TRAIN_GROUPS, TRAIN_NAMES } from "./train_table.ts";

/** "256; cityscapes 512": the most common default, and the data sets that have another. */
export function describeDefault(name: string, base: unknown, test: boolean): string | undefined {
  const show = (value: unknown): string => (value === true ? "on" : value === false ? "off" : String(value));
  if (base === "" || base === Infinity) return undefined;
  const of = DATASET_MODES.map((mode) => [mode, show({ [name]: base, ...datasetDefaults(mode, test) }[name])] as const);
  const count = (value: string): number => of.filter(([, v]) => v === value).length;
  const usual = of.map(([, v]) => v).reduce((a, b) => (count(b) > count(a) ? b : a));
  const others = of.filter(([, v]) => v !== usual);
  return others.length ? `${usual}; ${others.map((o) => o.join(" ")).join(", ")}` : usual;
}

export const loadFromOptFile = text(
  "[file]",
  "take the options that an earlier run saved as defaults: of this file, or left out opt.json or opt.txt of checkpoints_dir/name",
);

export const normMode = choice(NORM_MODES, "the published way to say netG spade or clade");

export function addTrainOptions(command: Command): Command {
  for (const [heading, table] of Object.entries(TRAIN_GROUPS))
    addTable(command, heading, table, (name) =>
      describeDefault(name, defaultOptions[name as keyof TrainOptions], false),
    );
  addTable(command, "Network", { norm_mode: normMode }, () => "spade");
  addTable(command, "Saving and looking", { load_from_opt_file: loadFromOptFile }, () => undefined);
  return addDeadOptions(command);
}

/**
 * Takes out what says in which folder a run writes and reads its nets: the command line alone decides that.
 * @returns the names of those that would have led to another folder
 */
function takeFolder(o: Partial<TrainOptions>, folder: string): string[] {
  const { checkpoints_dir, name, which_epoch } = o;
  const apart: string[] = [];
  const own = checkpoints_dir !== undefined && name !== undefined && resolve(checkpoints_dir, name) === resolve(folder);
  for (const option of ["checkpoints_dir", "name"] as const) {
    if (o[option] !== undefined && !own) apart.push(option);
    delete o[option];
  }
  if (which_epoch !== undefined && /[\\/]/.test(which_epoch)) {
    apart.push("which_epoch");
    delete o.which_epoch;
  }
  return apart;
}

/**
 * The options saved in the file that --load_from_opt_file (`from`) names; without a name, those saved in the run's folder. Those that
 * would lead to another folder are left out.
 * @param folder the run's, by the command line
 */
export async function savedOptions(
  from: string | true | undefined,
  folder: string,
  say: (line: string) => void,
): Promise<Partial<TrainOptions>> {
  if (from === undefined) return {};
  const { options, unknown } = await (from === true ? loadOptions(folder) : loadOptionsFile(from));
  if (unknown.length)
    say(
      `note: ${listed(unknown.map((name) => foreign(name, 40)))} of the opt file ${unknown.length === 1 ? "means" : "mean"} nothing here`,
    );
  const apart = takeFolder(options, folder);
  if (apart.length) {
    const given = apart.map((name) => `--${name}`).join(" and ");
    say(
      `note: ${apart.join(", ")} of the opt file ${apart.length === 1 ? "is" : "are"} not taken: give ${given} yourself`,
    );
  }
  return ruled(options, from === true ? optFileIn(folder)! : from);
}

/**
 * Resolves and checks the options of a run.
 * @param given options of the command line, under their published names; those not in TrainOptions are ignored
 * @param saved options of an opt file
 * @throws SpadeError usage: options that do not fit together; the message names them
 */
export function resolveTrainOptions(
  given: Readonly<Record<string, unknown>>,
  saved: Readonly<Record<string, unknown>> = {},
): TrainOptions {
  const known = (from: Readonly<Record<string, unknown>>): Partial<TrainOptions> =>
    Object.fromEntries(TRAIN_NAMES.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]));
  const netG = netOfMode(given.netG as string | undefined, given.norm_mode, "--norm_mode");
  const stated = {
    ...known(saved),
    ...known(given),
    ...(netG === undefined ? {} : { netG: netG as NetG }),
    ...statedMode(given, saved),
  };
  const options = withDefaults(stated);
  check(options);
  return options;
}

const usage = (where: string, problem: string, fix: string): SpadeError => new SpadeError("usage", where, problem, fix);

function check(o: TrainOptions): void {
  checkFolders(o);
  checkNets(o);
  checkSizes(o);
  if (o.niter + o.niter_decay < 1) throw usage("--niter 0", "leaves no epoch to train", "give at least 1");
  if (!o.val_label_dir !== !o.val_image_dir) {
    const missing = o.val_label_dir ? "--val_image_dir" : "--val_label_dir";
    throw usage(missing, "is missing", "a validation needs both folders, or neither");
  }
}

/** The data set's mode: the one given; folders of custom without one mean custom; else an opt file's, if it has one. */
export function statedMode(
  given: Readonly<Record<string, unknown>>,
  saved: Readonly<Record<string, unknown>> = {},
): { dataset_mode?: DatasetMode } {
  for (const { dataset_mode, label_dir, image_dir } of [given, saved]) {
    if (dataset_mode !== undefined) return { dataset_mode: dataset_mode as DatasetMode };
    if (label_dir || image_dir) return { dataset_mode: "custom" };
  }
  return {};
}

/** Checks that mode custom has its two folders. */
export function checkFolders(o: Pick<DataOptions, "dataset_mode" | "label_dir" | "image_dir">): void {
  if (o.dataset_mode !== "custom") return;
  for (const name of ["label_dir", "image_dir"] as const)
    if (!o[name]) throw usage(`--${name}`, "is missing", `--dataset_mode custom needs it: give a folder`);
}

/** Checks that loader and generator give pictures of equal size: the discriminator needs labels, painted and real pictures of one size. */
function checkSizes(o: TrainOptions): void {
  const { w, h } = outputSize(o);
  const { crop_size, aspect_ratio, load_size, preprocess_mode } = o;
  if (preprocess_mode === "scale_width" && load_size !== w)
    throw usage(
      `--load_size ${load_size}`,
      `is the width of the pictures where the generator paints ${w}`,
      `give ${w}`,
    );
  const crops = preprocess_mode === "crop" || preprocess_mode.endsWith("_and_crop");
  // In the other modes the sizes depend on the files.
  if (!crops && preprocess_mode !== "fixed") return;
  const stride = strideOf(o);
  checkCropSize(o, `--crop_size ${crop_size}`);
  const loaded = crops ? crop_size : roundHalfEven(crop_size / aspect_ratio);
  if (h !== loaded)
    throw usage(
      `--aspect_ratio ${aspect_ratio}`,
      `makes the generator paint ${w}x${h} where --preprocess_mode ${preprocess_mode} gives ${crop_size}x${loaded}`,
      crops
        ? "use --preprocess_mode fixed, or aspect_ratio 1"
        : `choose one that makes the height a multiple of ${stride}`,
    );
}
