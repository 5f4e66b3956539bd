// opt.txt and opt.json: every option of a run. opt.txt has the published format, and the published code's own opt.txt can be read.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseJson } from "../../formats/budget.ts";
import { existingText, replaceFile } from "../../formats/file.ts";
import { SpadeError } from "../../runtime/errors.ts";
import { storedForm } from "../../models/config.ts";
import { netOfMode, publishedMode } from "../../models/clade/norm_mode.ts";
import { infinite, typed, withOldScale, type OptionValue as Value } from "../option_values.ts";
import { defaultOptions, defaultsOf, type TrainOptions } from "../options.ts";

const TABLE = defaultOptions as unknown as Readonly<Record<string, Value>>;

/** Python's floats: printed with a point even if they are whole. */
const FLOATS = [
  "aspect_ratio",
  "beta1",
  "beta2",
  "init_variance",
  "lambda_feat",
  "lambda_kld",
  "lambda_vgg",
  "lr",
  "ema",
  "squeezenet_scale",
];

/** Names in every published opt.txt that have no effect here unless TABLE has them; not reported as unknown. */
const WITHOUT_EFFECT = [
  ...["cache_filelist_read", "cache_filelist_write", "debug", "display_winsize", "gpu_ids", "initialized", "isTrain"],
  ...["load_from_opt_file", "model", "nef", "netD", "netD_subarch", "optimizer", "semantic_nc"],
];

/** The lines of opt.txt: name, value as Python prints it and, if it differs, the default. */
export function optionRows(options: TrainOptions): { name: string; value: string; default?: string }[] {
  const defaults = defaultsOf(options) as unknown as Record<string, Value>;
  return Object.entries(storedForm(options))
    .filter(([name]) => Object.hasOwn(TABLE, name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({
      name,
      value: pythonText(name, value as Value),
      ...(value === defaults[name] ? {} : { default: pythonText(name, defaults[name]) }),
    }));
}

type Row = ReturnType<typeof optionRows>[number];

/** The rows with a published netG, and the norm_mode that goes with it if that is not the default one. */
function publishedRows(rows: readonly Row[], options: TrainOptions): readonly Row[] {
  const { netG, norm_mode } = publishedMode(options);
  if (norm_mode === undefined) return rows;
  const mode = { name: "norm_mode", value: norm_mode, default: "spade" };
  const others = rows.filter(({ name }) => name !== "netG");
  return [...others, { name: "netG", value: netG }, mode].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Writes opt.txt and opt.json into a run's folder. Fails with `file`. */
export async function saveOptions(folder: string, options: TrainOptions): Promise<void> {
  const rows = optionRows(options);
  const lines = publishedRows(rows, options).map((row) => {
    const comment = row.default === undefined ? "" : `\t[default: ${row.default}]`;
    return `${row.name.padStart(25)}: ${row.value.padEnd(30)}${comment}\n`;
  });
  await replaceFile(join(folder, "opt.txt"), lines.join(""));
  const json = JSON.stringify(
    Object.fromEntries(rows.map(({ name }) => [name, (options as unknown as Record<string, Value>)[name]])),
    infinite,
    2,
  );
  await replaceFile(join(folder, "opt.json"), `${json}\n`);
}

/** Options of an opt file. `unknown`: names in it that are no options here. */
export interface SavedOptions {
  options: Partial<TrainOptions>;
  unknown: string[];
}

/**
 * The options saved in a run's folder, from opt.json, else from opt.txt.
 * Fails with `file` if there is neither, or if a value is not of its option's type.
 */
export async function loadOptions(folder: string): Promise<SavedOptions> {
  const path = optFileIn(folder);
  if (path !== undefined) return loadOptionsFile(path);
  throw new SpadeError(
    "file",
    join(folder, "opt.json"),
    "is not there, nor is opt.txt",
    "check --name and --checkpoints_dir, or leave out --load_from_opt_file",
  );
}

/** Path of a folder's opt.json, else of its opt.txt; undefined if it has neither. */
export const optFileIn = (folder: string): string | undefined =>
  ["opt.json", "opt.txt"].map((name) => join(folder, name)).find(existsSync);

/** Bytes of an opt file; published ones have 6,000. */
const MOST_TEXT = 1e6;

/** The same from one file: JSON if it ends in .json, else in the format of opt.txt. */
export async function loadOptionsFile(path: string): Promise<SavedOptions> {
  const text = existingText(path, MOST_TEXT);
  return path.endsWith(".json") ? parseOptJson(text, path) : parseOptTxt(text, path);
}

/** opt.txt, or the same lines as the published code prints them to the console. `where`: the file, for messages. */
export function parseOptTxt(text: string, where: string): SavedOptions {
  const pairs = text
    .split(/\r?\n/)
    .map((line, i) => ({ line, i }))
    .filter(({ line }) => line.trim() !== "" && !line.startsWith("-----"))
    .map(({ line, i }): [string, string] => {
      const name = /^ *(\w+): /.exec(line);
      if (!name)
        throw new SpadeError(
          "file",
          `${where}, line ${i + 1}`,
          `"${line.slice(0, 60)}" is not "name: value"`,
          "fix the line or remove it",
        );
      // Written without a pattern for the whole line, which takes a time that grows with the square of its spaces.
      const comment = line.endsWith("]") ? line.indexOf("\t[default: ") : -1;
      return [name[1], (comment < 0 ? line : line.slice(0, comment)).slice(name[0].length).trimEnd()];
    });
  return sorted(pairs, where);
}

function parseOptJson(text: string, where: string): SavedOptions {
  const wrong = (problem: string): SpadeError =>
    new SpadeError("file", where, problem, "restore it, or remove it where opt.txt is whole");
  let values: unknown;
  try {
    values = parseJson(text, where);
  } catch (error) {
    if (error instanceof SpadeError) throw error;
    throw wrong("is not JSON");
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) throw wrong("is not a JSON object");
  return sorted(Object.entries(values), where);
}

function sorted(pairs: [string, unknown][], where: string): SavedOptions {
  // The command sets isTrain, never a file.
  const isKnown = (name: string): boolean => Object.hasOwn(TABLE, name) && name !== "isTrain";
  const known = pairs.filter(([name]) => isKnown(name));
  const options: Partial<TrainOptions> = Object.fromEntries(
    known.map(([name, value]) => [name, typed(name, value, where)]),
  );
  const mode = pairs.find(([name]) => name === "norm_mode")?.[1];
  if (mode !== undefined)
    options.netG = netOfMode(options.netG?.toLowerCase().replaceAll("_", ""), mode, where) as TrainOptions["netG"];
  const meansNothing = (name: string): boolean =>
    !isKnown(name) && name !== "norm_mode" && !WITHOUT_EFFECT.includes(name);
  return { options: withOldScale(options), unknown: pairs.map(([name]) => name).filter(meansNothing) };
}

/** Python's str(). */
function pythonText(name: string, value: Value): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return value;
  if (value === Infinity) return "inf";
  const size = Math.abs(value);
  // Python writes exponents below 1e-4 and from 1e16 on, with at least two digits.
  if (size !== 0 && (size < 1e-4 || size >= 1e16) && !(Number.isInteger(value) && !FLOATS.includes(name)))
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  return FLOATS.includes(name) && Number.isInteger(value) ? `${value}.0` : String(value);
}
