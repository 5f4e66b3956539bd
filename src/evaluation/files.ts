// Lists pictures and label maps in folders, pairs them by name, and reads label maps.

import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { idsOf, readPng } from "../datasets/label_file.ts";
import { isHidden, naturalSort } from "../datasets/folder.ts";
import { pairName } from "../datasets/listing.ts";
import { noteInput } from "../formats/inputs.ts";
import type { Label } from "../pictures/label_names.ts";
import type { LabelMap } from "../labels/label_map.ts";
import { SpadeError, counted, foreign } from "../runtime/errors.ts";

const PICTURE = /\.(png|jpe?g|webp)$/i;
/** Folder in which upstream's test command stores its pictures. */
const SYNTHESIZED = join("images", "synthesized_image");

/** End of a Cityscapes file name. The test command keeps these names, and adds a number with --n_samples. */
const CITYSCAPES = /_(gtFine_labelIds|leftImg8bit)(_\d+)?\.\w+$/;

const nameOf = (path: string): string => pairName(path, CITYSCAPES.test(path) ? "cityscapes" : "custom");

/** Lists the pictures in a folder in natural order; empty if the folder can't be read. */
async function picturesIn(folder: string, recursive = false): Promise<string[]> {
  const names = await readdir(folder, { recursive }).catch(() => []);
  const paths = names.filter((name) => PICTURE.test(name) && !isHidden(name)).map((name) => join(folder, name));
  for (const path of paths) noteInput(path);
  return naturalSort(paths);
}

/**
 * Lists the photos in a folder and its subfolders. The label maps may lie there too, as in CMP Facades; they are left
 * out.
 * @throws SpadeError file: there are none
 */
export async function listPhotos(folder: string, labels: readonly string[]): Promise<string[]> {
  const maps = new Set(labels.map((path) => resolve(path)));
  return needPictures(
    folder,
    (await picturesIn(folder, true)).filter((path) => !maps.has(resolve(path))),
  );
}

function needPictures(folder: string, found: string[]): string[] {
  if (!found.length) throw new SpadeError("file", folder, "holds no picture", "give a folder of .png, .jpg or .webp");
  return found;
}

/**
 * Lists the label maps in a folder and its subfolders. If there are Cityscapes labelIds maps, lists only those. @throws
 * SpadeError file
 */
export async function listLabelMaps(folder: string): Promise<string[]> {
  const maps = (await picturesIn(folder, true)).filter((path) => /\.png$/i.test(path));
  if (!maps.length) throw new SpadeError("file", folder, "holds no .png file", "give the folder of the label maps");
  const ids = maps.filter((path) => path.endsWith("_gtFine_labelIds.png"));
  return ids.length ? ids : maps;
}

/**
 * Lists the pictures that `test` wrote. `folder` may be results/NAME, results/NAME/PHASE_EPOCH, its images/ or
 * images/synthesized_image/, or any other folder of pictures.
 * @throws SpadeError file: there are none; usage: there are several sets
 */
export async function listResults(folder: string): Promise<string[]> {
  const right = await picturesIn(folder);
  if (right.length) return right;
  const children = (await readdir(folder).catch(() => [])).filter((name) => !isHidden(name));
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
  return needPictures(folder, found[0] ?? []);
}

/**
 * Pairs pictures with label maps of the same name. NAME_1, NAME_2 ... are paired with NAME if they have no label map of
 * their own.
 * @throws SpadeError usage: no picture has a label map, or two label maps have one name
 */
export function pairsOf(
  pictures: readonly string[],
  labels: readonly string[],
  where: string,
): { picture: string; label: string }[] {
  const byName = new Map<string, string>();
  for (const path of labels) {
    const twin = byName.get(nameOf(path));
    if (twin !== undefined)
      throw new SpadeError("usage", path, `has the name of ${twin}`, "give a folder where each name comes once");
    byName.set(nameOf(path), path);
  }
  const pairs = pictures.flatMap((picture) => {
    const name = nameOf(picture);
    const label = byName.get(name) ?? byName.get(name.replace(/_\d+$/, ""));
    return label === undefined ? [] : [{ picture, label }];
  });
  if (!pairs.length)
    throw new SpadeError(
      "usage",
      where,
      `none of its pictures (${pictures.length}) is called as one of the ${counted(labels.length, "label map")} (${foreign(basename(pictures[0]))}, ${foreign(basename(labels[0] ?? "none"))})`,
      "give the folder of the label maps that they were painted from",
    );
  return pairs;
}

/** Reads the ids of a label PNG; `labels` maps its colours to ids. @throws SpadeError file, label */
export async function readIds(path: string, labels?: readonly Label[]): Promise<LabelMap> {
  return idsOf(await readPng(path), path, labels, "give a map of label ids, or the list of its colours by --labels");
}
