// spade dataset: checks a data set before a long run. Reports all problems at once, what the label maps hold and which options fit
// them, and writes a sheet of pairs to look at. Most failures of runs of the published code come from what this checks.

import { command } from "../terminal/command.ts";
import { Outputs, quoted } from "../terminal/output.ts";
import { isLegalId, listedLabels, labelsFor } from "../../datasets/names.ts";
import { datasetDefaults, defaultData, type DataOptions } from "../../datasets/options.ts";
import { fixOfLabelNc } from "../../datasets/read_sample.ts";
import { looksGray } from "../../datasets/readings.ts";
import { fittingLabels, survey, type IdCount, type Problem, type Survey } from "../../datasets/survey.ts";
import { SpadeError, counted, foreign } from "../../runtime/errors.ts";
import { contactSheet } from "../reports/contact_sheet.ts";
import {
  describeColors,
  describeFiles,
  describeIds,
  describeNotes,
  describeProblem,
  ranges,
  writeColors,
} from "../reports/dataset_report.ts";
import { convolutionSpeed } from "../inputs/speed.ts";
import { openDeviceFor } from "../inputs/net.ts";
import { checkFolders, statedMode } from "../options/train_options.ts";
import { pictureOutput, writePicture } from "../reports/picture.ts";
import { proposeSize, type Machine, type Size } from "../reports/training_size.ts";
import type { Progress } from "../terminal/progress.ts";

export interface DatasetCommand {
  /** File to write the contact sheet to. */
  out: string;
  /** File to write a list of the colours found to; the user adds their names. */
  labels_out?: string;
  force?: boolean;
}

/** Resolves the data options like train. --label_dir or --image_dir without --dataset_mode means mode custom. */
export function resolveDataOptions(given: Readonly<Partial<DataOptions>>): DataOptions {
  const { dataset_mode: mode = defaultData.dataset_mode } = statedMode(given);
  const known = Object.keys(defaultData).filter((name) => given[name as keyof DataOptions] !== undefined);
  const stated = Object.fromEntries(known.map((name) => [name, given[name as keyof DataOptions]]));
  if (mode !== "custom" && given.dataroot === undefined)
    throw new SpadeError(
      "usage",
      "the data set",
      "is not given",
      `give --label_dir and --image_dir, or --dataset_mode and --dataroot (${mode})`,
    );
  const options = { ...defaultData, ...datasetDefaults(mode), ...stated, dataset_mode: mode, isTrain: true };
  checkFolders(options);
  return options;
}

/** Opens the adapter, finds out how fast it is, and closes it. */
export async function examineMachine(progress: Progress): Promise<Machine> {
  const device = await openDeviceFor(progress);
  try {
    const speed = await convolutionSpeed(device);
    return { name: device.name, software: device.software, target: device.target, speed };
  } finally {
    device.dispose();
  }
}

/**
 * Writes the contact sheet; gives the lines to print and whether a run could start. Fails with `usage` on options, `file` on --labels.
 * @param examine left out: no size is proposed
 */
export async function lookAtDataset(
  given: Readonly<Partial<DataOptions>>,
  { out, labels_out, force }: DatasetCommand,
  progress: Progress,
  examine?: () => Promise<Machine>,
): Promise<{ lines: string[]; ok: boolean }> {
  const sheet = pictureOutput(out);
  const options = resolveDataOptions(given);
  const outputs = new Outputs(force);
  // In mode custom without --label_nc the number of labels is derived from the maps, so a list may contain any id.
  const open = options.dataset_mode === "custom" && given.label_nc === undefined;
  const listed = listedLabels(open ? { ...options, label_nc: 65536 } : options);
  const results = [sheet, ...(labels_out === undefined ? [] : [{ path: labels_out, kind: "json" } as const])];
  const found = await survey(
    options,
    listed,
    // Files that are listed are known as inputs.
    () => outputs.check(results),
    (done, total) => progress.update("reading pairs", done, total),
  );
  progress.end();
  const fit = fittingLabels(found.ids, found.instancesWithBorders > 0);
  const levels = found.readings.levels();
  if (levels) Object.assign(fit, { label_nc: levels.length, contain_dontcare_label: false });
  // train refuses a list with ids of label_nc or more.
  for (const { id } of listed ?? []) fit.label_nc = Math.max(fit.label_nc, id + 1);
  const labels = open ? { ...options, ...fit, ...statedLabels(given) } : options;
  const names = listed ?? labelsFor(labels);
  const illegal = [...found.ids].filter(([id]) => !isLegalId(id, labels, names));
  const gray = levels && illegal.length ? grayProblem(levels, options.labels || labels_out) : undefined;
  const problems = [...found.problems, ...(gray ? [gray] : labelProblems(found, labels, illegal))];
  if (options.batchSize > found.pairs.length && found.pairs.length > 0)
    problems.push(
      problem(
        `--batchSize ${options.batchSize}`,
        `is more than the ${counted(found.pairs.length, "pair")}, and incomplete batches are not trained on`,
        `give ${found.pairs.length} or less`,
      ),
    );
  const lines = [...describeFiles(found, options), ...describeIds(found, names, labels)];
  if (found.colors.size) lines.push(...describeColors(found));
  lines.push(...(await writeColors(found, levels, outputs, labels_out)));
  const notes = describeNotes(found, options, labels, names);
  if (levels && !gray) notes.unshift(`the label maps ${looksGray(levels)}; --labels FILE.json reads them by colour`);
  if (problems.length) lines.push("", `problems (${problems.length}):`, ...problems.map(describeProblem));
  if (notes.length) lines.push("", "notes:", ...notes.map((note) => `  - ${note}`));
  if (found.pairs.length) {
    await writePicture(outputs, out, await contactSheet(found.pairs, names));
    lines.push(
      "",
      `${out}: label map and photo of ${counted(Math.min(16, found.pairs.length), "pair")}; look whether they belong together`,
    );
  }
  if (found.ids.size) {
    const proposal = await sizeFor(given, labels, found.pairs.length, examine);
    if (proposal.lines.length) lines.push("", ...proposal.lines);
    const wanted = gray ? { labels: labels_out ?? "labels.json", ...given } : given;
    lines.push(
      "",
      problems.length ? "when that is corrected, train with" : "train with",
      `  ${trainCommand(wanted, options, fit, proposal.size)}`,
    );
  }
  return { lines, ok: problems.length === 0 };
}

/** The size for this machine; without an adapter none, and why. */
async function sizeFor(
  given: Readonly<Partial<DataOptions>>,
  o: DataOptions,
  pairs: number,
  examine: (() => Promise<Machine>) | undefined,
): Promise<{ size: Size; lines: string[] }> {
  if (!examine) return { size: {}, lines: [] };
  try {
    return proposeSize(given, o, pairs, await examine());
  } catch (error) {
    if (!(error instanceof SpadeError)) throw error;
    return { size: {}, lines: [`no size is proposed: ${error.message}`] };
  }
}

const problem = (where: string, what: string, fix: string): Problem => ({
  first: new SpadeError("label", where, what, fix),
  count: 1,
});

const LABEL_OPTIONS = ["label_nc", "contain_dontcare_label", "no_instance"] as const;

function statedLabels(given: Readonly<Partial<DataOptions>>): Partial<DataOptions> {
  return Object.fromEntries(LABEL_OPTIONS.filter((n) => given[n] !== undefined).map((n) => [n, given[n]]));
}

/** The problem of maps that are drawn in gray levels. `list`: the file of their list of labels, if it is given. */
function grayProblem(levels: readonly number[], list: string | undefined): Problem {
  const write = list ? `give each its name in ${list}` : "--labels_out labels.json writes a list of them: give names";
  return problem(
    "label maps",
    looksGray(levels),
    `${write}, then use --labels ${list ?? "labels.json"}, which makes gray values colours; if they are ids, use --label_nc 256`,
  );
}

/** The problem of ids that the options do not allow, if there are any. */
function labelProblems({ ids }: Survey, o: DataOptions, illegal: readonly [number, IdCount][]): Problem[] {
  if (!illegal.length) return [];
  const named = ranges(illegal.map(([id]) => id).sort((a, b) => a - b));
  const [[first, { where }]] = illegal;
  let pixels = 0;
  for (const count of ids.values()) pixels += count.pixels;
  const share = (100 * illegal.reduce((n, [, c]) => n + c.pixels, 0)) / pixels;
  const legal = `0 to ${o.label_nc - 1}${o.contain_dontcare_label ? " and 255" : ""}`;
  const of = `${share < 0.01 ? "less than 0.01" : share.toFixed(2)} % of the pixels`;
  if (illegal.length === 1 && first === o.label_nc) {
    const { pixels: count, maps } = illegal[0][1];
    const found = `holds ${first}, which is label_nc itself: legal are ${legal}; ${count} pixels in ${maps} label maps have it, ${of}`;
    const from1 = `the ids run from 1: subtract 1 from each, or use --label_nc ${first + 1}`;
    return [problem(where, found, ids.has(0) ? fixOfLabelNc(o) : from1)];
  }
  const fit = fittingLabels(ids, false);
  const options = `--label_nc ${fit.label_nc}${fit.contain_dontcare_label ? " --contain_dontcare_label" : ""}`;
  return [
    problem(
      where,
      `holds ${first}, which is no label: legal are ${legal}; in all maps such ids are ${named}, ${of}`,
      `use ${options}, or renumber the maps`,
    ),
  ];
}

/** The command that trains on this data set, with every option that differs from the data set's default. */
function trainCommand(
  given: Readonly<Partial<DataOptions>>,
  o: DataOptions,
  fit: Partial<DataOptions>,
  size: Size,
): string {
  const defaults: Partial<DataOptions> = { ...defaultData, ...datasetDefaults(o.dataset_mode) };
  const open = o.dataset_mode === "custom";
  const wanted: Partial<DataOptions> = {
    ...given,
    ...(open ? { ...fit, ...statedLabels(given) } : {}),
    ...size,
    dataset_mode: o.dataset_mode,
  };
  const ofNet = (["num_upsampling_layers", "ngf", "ndf"] as const).flatMap((name) =>
    size[name] === undefined ? [] : [`--${name}`, String(size[name])],
  );
  const words = (Object.keys(defaultData) as (keyof DataOptions)[]).flatMap((name) => {
    const value = name === "dataset_mode" ? o.dataset_mode : wanted[name];
    if (value === undefined || name === "isTrain" || name === "max_dataset_size") return [];
    if (name !== "dataset_mode" && name !== "label_nc" && value === defaults[name]) return [];
    if (typeof value === "boolean") return [value ? `--${name}` : `--${name}=false`];
    return [`--${name}`, foreign(quoted(String(value)), 4096)];
  });
  return [command(), "train --name mine", ...words, ...ofNet].join(" ");
}
