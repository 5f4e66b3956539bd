// Files of the style codes of labels: ours in JSON, and those that the published SEAN code saves: a folder for each photo, in it LABEL/ACE.npy,
// float32 [style_length], the code before fc_mu (styles_test/style_codes/PHOTO/, styles_test/mean_style_code/mean/). Also one array of all labels,
// [labels, style_length], with rows of zeros for those without a code.

import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { isFolder } from "../../datasets/folder.ts";
import { readNpy, type NpyArray } from "../../formats/images/npy.ts";
import {
  decodeRegionStyles,
  regionCodes,
  regionStylesOf,
  type Regions,
  type RegionStyles,
} from "../../models/sean/region_styles.ts";
import { foreign, SpadeError } from "../../runtime/errors.ts";

const FILE = "ACE.npy";

const fileError = (where: string, problem: string, fix: string, cause?: unknown): SpadeError =>
  new SpadeError("file", where, problem, fix, cause);

async function read(path: string): Promise<NpyArray> {
  const bytes = await readFile(path).catch((cause: Error) => {
    throw fileError(path, cause.message, "give a .npy of style codes", cause);
  });
  return readNpy(bytes, path);
}

/**
 * Reads the codes of labels that a path names: a .json (as `test` writes it), a .npy, or a folder.
 * @param label the one label that is asked for, which a .npy of one code is taken to be of
 * @returns undefined: it names no codes
 * @throws SpadeError file: damaged, not such codes, or not of this net
 */
export async function readCodes(path: string, regions: Regions, label?: number): Promise<RegionStyles | undefined> {
  if (/\.json$/i.test(path)) return decodeRegionStyles(await textOf(path), regions, path);
  if (/\.npy$/i.test(path)) return checked(await readCodesFile(path, regions, label), regions, path);
  if (await isFolder(path)) return checked(await readCodesFolder(path), regions, path);
  return undefined;
}

const textOf = (path: string): Promise<string> =>
  readFile(path, "utf8").catch((cause: Error) => {
    throw fileError(path, cause.message, "give a file of codes, as test writes it", cause);
  });

/** @throws SpadeError file */
function checked(styles: RegionStyles, regions: Regions, path: string): RegionStyles {
  try {
    regionCodes(styles, {}, regions, path);
  } catch (error) {
    if (!(error instanceof SpadeError)) throw error;
    throw fileError(error.where, error.problem, error.fix, error);
  }
  return styles;
}

async function readCodesFile(path: string, regions: Regions, label: number | undefined): Promise<RegionStyles> {
  const { shape, data } = await read(path);
  const { labels, length } = regions;
  if (shape.length === 2 && shape[0] === labels && shape[1] === length) return regionStylesOf(data, regions);
  if (shape.length !== 1 || shape[0] !== length) {
    const problem = `has shape [${shape.join(", ")}] where this net takes [${length}], a label's code, or [${labels}, ${length}]`;
    throw fileError(path, problem, "give codes of this net");
  }
  if (label === undefined)
    throw fileError(
      path,
      "is the code of one label",
      "write --style_of LABEL=FILE.npy, or give the folder of all labels",
    );
  return { [label]: data };
}

async function readCodesFolder(path: string): Promise<RegionStyles> {
  const names = await readdir(path);
  const labels = names.filter((name) => /^\d{1,4}$/.test(name));
  const styles: Record<number, Float32Array> = {};
  for (const name of labels) {
    if (!(await readdir(join(path, name)).catch((): string[] => [])).includes(FILE)) continue;
    const { shape, data } = await read(join(path, name, FILE));
    if (shape.length !== 1)
      throw fileError(join(path, name, FILE), `has shape [${shape.join(", ")}]`, "a label's code has one dimension");
    styles[Number(name)] = data;
  }
  if (Object.keys(styles).length) return styles;
  const photo = names.find((name) => /\.\w+$/.test(name) || name === "mean");
  throw fileError(
    path,
    `holds no LABEL/${FILE}`,
    photo === undefined
      ? "give the folder of a photo's codes, as SEAN's test.py writes it"
      : `give the folder of one photo: ${foreign(join(path, basename(photo)), 120)}`,
  );
}
