// Which pictures belong to which label maps: folders, basenames, and reading both.

import { readdir } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { idsOf, readPng } from "../datasets/label_file.ts";
import { naturalSort } from "../datasets/listing.ts";
import type { Label } from "../formats/label_names.ts";
import type { LabelMap } from "../labels/label_map.ts";
import { SpadeError } from "../runtime/errors.ts";

const PICTURE = /\.(png|jpe?g|webp)$/i;
/** Where the published test command puts its pictures. */
const SYNTHESIZED = join("images", "synthesized_image");

export const stem = (path: string): string => basename(path, extname(path));

/** Pictures right in a folder, in natural order; none where there is no such folder. */
async function picturesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return naturalSort(names.filter((name) => PICTURE.test(name)).map((name) => join(folder, name)));
}

/** Pictures of a folder. @throws SpadeError file: there are none */
export async function listPictures(folder: string): Promise<string[]> {
  const found = await picturesIn(folder);
  if (!found.length) throw new SpadeError("file", folder, "holds no picture", "give a folder of .png, .jpg or .webp");
  return found;
}

/**
 * The pictures that `test` wrote, by any folder of theirs: results/NAME, results/NAME/PHASE_EPOCH, its images/ or synthesized_image/; or
 * those of any other folder.
 * @throws SpadeError file: there are none; usage: there are several sets
 */
export async function listResults(folder: string): Promise<string[]> {
  const right = await picturesIn(folder);
  if (right.length) return right;
  const children = await readdir(folder).catch(() => []);
  const places = ["synthesized_image", SYNTHESIZED, ...children.map((child) => join(child, SYNTHESIZED))];
  const found: string[][] = [];
  for (const place of places) {
    const pictures = await picturesIn(join(folder, place));
    if (pictures.length) found.push(pictures);
  }
  if (found.length > 1)
    throw new SpadeError(
      "usage",
      folder,
      `holds ${found.length} sets of results`,
      `give one: ${found.map(([first]) => join(first, "..")).join(", ")}`,
    );
  return found[0] ?? listPictures(folder);
}

/** Pictures with the label maps of their basenames. @throws SpadeError usage: none has one */
export function pairsOf(
  pictures: readonly string[],
  labels: readonly string[],
  where: string,
): { picture: string; label: string }[] {
  const byStem = new Map(labels.map((path) => [stem(path), path]));
  const pairs = pictures.flatMap((picture) => {
    const label = byStem.get(stem(picture));
    return label === undefined ? [] : [{ picture, label }];
  });
  if (!pairs.length)
    throw new SpadeError(
      "usage",
      where,
      `none of its ${pictures.length} pictures is called as one of the ${labels.length} label maps (${basename(pictures[0])}, ${basename(labels[0] ?? "none")})`,
      "give the folder of the label maps that they were painted from",
    );
  return pairs;
}

/** The ids of a label PNG; colours are read through `labels`. @throws SpadeError file, label */
export async function readIds(path: string, labels?: readonly Label[]): Promise<LabelMap> {
  return idsOf(await readPng(path), path, labels, "give a map of label ids, or the list of its colours by --labels");
}
