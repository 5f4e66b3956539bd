// Lists the files of a data set with upstream's folders, extensions, order and pairing (spec 4.1). Lists are paired by
// position in natural order. Names are checked too, because one missing file would shift all later pairs.

import { readFile, readdir, realpath, stat } from "node:fs/promises";
import { basename, extname, join } from "node:path";
import { noteInput } from "../formats/inputs.ts";
import { SpadeError, counted } from "../runtime/errors.ts";
import type { DataOptions } from "./options.ts";

/** The files of one sample. */
export interface Pair {
  label: string;
  /** "" if photos are not read. */
  image: string;
  instance?: string;
}

/**
 * The lists of a data set, each in natural order and cut to max_dataset_size. `instances` is undefined if they are not
 * used.
 */
export interface Lists {
  labels: string[];
  images: string[];
  instances?: string[];
}

/** Upstream's file extensions, in upper or lower case, and .tif. */
const ENDINGS = new Set([".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".tiff", ".tif", ".webp"]);

/** The part of a file name that must be equal for two files to be a pair. */
export function pairName(path: string, mode: DataOptions["dataset_mode"]): string {
  const name = basename(path);
  // aachen_000000_000019_gtFine_labelIds.png and aachen_000000_000019_leftImg8bit.png
  return mode === "cityscapes"
    ? name.split("_").slice(0, 3).join("_")
    : name.slice(0, name.length - extname(name).length);
}

/** Sorts paths as upstream does: runs of digits as numbers, the rest as text. */
export function naturalSort(paths: readonly string[]): string[] {
  // Parts with an odd index are runs of digits. Without leading zeros, the longer run is the larger number.
  const keyed = paths.map((path) => ({
    path,
    parts: path.split(/(\d+)/).map((part, i) => (i % 2 ? part.replace(/^0+(?=\d)/, "") : part)),
  }));
  return keyed.sort((a, b) => compareParts(a.parts, b.parts)).map(({ path }) => path);
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] === b[i]) continue;
    if (i % 2 && a[i].length !== b[i].length) return a[i].length - b[i].length;
    return a[i] < b[i] ? -1 : 1;
  }
  return a.length - b.length;
}

/**
 * Lists the files that the options select. With `missing`, passes errors (a missing folder, one without pictures) to it
 * instead of throwing.
 */
export async function listFiles(o: DataOptions, missing?: (error: SpadeError) => void): Promise<Lists> {
  const found = await published(o, async (folder, option, links = false, cached = true) => {
    try {
      const paths = await listFolder(folder, option, links, cached);
      // Decoding threads read them, which have records of their own.
      for (const path of paths) noteInput(path);
      return paths;
    } catch (error) {
      if (!missing || !(error instanceof SpadeError)) throw error;
      missing(error);
      return [];
    }
  });
  const finish = (list: string[]): string[] => naturalSort(list).slice(0, o.max_dataset_size);
  return {
    labels: finish(found.labels),
    images: finish(found.images),
    ...(found.instances && !o.no_instance ? { instances: finish(found.instances) } : {}),
  };
}

/** Whether the data set has any photo. Missing folders are not an error. */
export async function hasPhotos(o: DataOptions): Promise<boolean> {
  return (await listFiles(o, () => undefined)).images.length > 0;
}

type List = (folder: string, option: string, links?: boolean, cached?: boolean) => Promise<string[]>;

async function published(o: DataOptions, list: List): Promise<Lists> {
  const root = `--dataroot ${o.dataroot}`;
  const ofRoot = (folder: string): Promise<string[]> => list(join(o.dataroot, folder), root);
  const testIsVal = o.phase === "test" ? "val" : o.phase;
  switch (o.dataset_mode) {
    case "coco": {
      const withPortraits = async (kind: string): Promise<string[]> => {
        const folder = `${testIsVal}_${kind}`;
        const portraits = o.isTrain && !o.coco_no_portraits && (await isFolder(join(o.dataroot, `${folder}_portrait`)));
        return [...(await ofRoot(folder)), ...(portraits ? await ofRoot(`${folder}_portrait`) : [])];
      };
      const labels = await withPortraits("label");
      const images = await withPortraits("img");
      return { labels, images, instances: o.no_instance ? undefined : await withPortraits("inst") };
    }
    case "ade20k": {
      // The SceneParsing release has photos and maps in one tree; their extensions differ.
      const part = o.phase === "test" ? "_val_" : "_train_";
      const all = (await list(o.dataroot, root, true, false)).filter((path) => path.includes(part));
      const ending = (path: string, ...endings: string[]): boolean => endings.includes(extname(path).toLowerCase());
      return {
        labels: all.filter((path) => ending(path, ".png")),
        images: all.filter((path) => ending(path, ".jpg", ".jpeg")),
      };
    }
    case "cityscapes": {
      const phase = o.phase === "test" ? "val" : "train";
      const fine = await list(join(o.dataroot, "gtFine", phase), root, true, false);
      const images = await list(join(o.dataroot, "leftImg8bit", phase), root, true, false);
      return {
        labels: fine.filter((path) => path.endsWith("_labelIds.png")),
        images,
        instances: fine.filter((path) => path.endsWith("_instanceIds.png")),
      };
    }
    case "facades":
      return { labels: await ofRoot(`${testIsVal}_label`), images: await ofRoot(`${testIsVal}_img`) };
    case "custom":
      return {
        labels: await list(o.label_dir, "--label_dir"),
        images: await list(o.image_dir, "--image_dir"),
        instances: o.instance_dir && !o.no_instance ? await list(o.instance_dir, "--instance_dir") : undefined,
      };
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/**
 * Lists the pictures below a folder, or with `cached` those in its `files.list` if it has one. `option`: the option
 * named in messages.
 */
async function listFolder(folder: string, option: string, links: boolean, cached: boolean): Promise<string[]> {
  if (!folder) throw new SpadeError("usage", option, "is not given", "give the folder");
  if (!(await isFolder(folder)))
    throw new SpadeError("file", folder, "is not a folder that can be read", `check the path and ${option}`);
  if (cached) {
    const path = join(folder, "files.list");
    const list = await readFile(path, "utf8").catch(() => undefined);
    if (list !== undefined) noteInput(path);
    if (list !== undefined) return list.split(/\r?\n/).filter((line) => line !== "");
  }
  const found: string[] = [];
  await walk(folder, links, found, new Set());
  if (found.length === 0)
    throw new SpadeError(
      "file",
      folder,
      "has no picture in it",
      `pictures end in ${[...ENDINGS].join(", ")}; check ${option}`,
    );
  return found;
}

/** Walks folders like os.walk. Follows links to folders only if `links` is set, and visits each folder once then. */
async function walk(folder: string, links: boolean, found: string[], seen: Set<string>): Promise<void> {
  if (links) {
    const real = await realpath(folder);
    if (seen.has(real)) return;
    seen.add(real);
  }
  let entries;
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    throw new SpadeError(
      "file",
      folder,
      `can't be read (${(cause as NodeJS.ErrnoException).code})`,
      "check its permissions",
      cause,
    );
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const folderHere = entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(path)));
    if (folderHere) {
      if (links || !entry.isSymbolicLink()) await walk(path, links, found, seen);
      // macOS may leave "._name.png" beside name.png; it is not a picture.
    } else if (ENDINGS.has(extname(path).toLowerCase()) && !entry.name.startsWith("._")) found.push(path);
  }
}

const some = (names: readonly string[]): string =>
  names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");

/** The problems that prevent pairing the lists; empty if there are none. */
export function pairingProblems(lists: Lists, o: DataOptions): SpadeError[] {
  const { labels, images, instances } = lists;
  const problems: SpadeError[] = [];
  const where = `${counted(labels.length, "label map")}, ${counted(images.length, "photo")}`;
  const add = (at: string, problem: string, fix: string): void =>
    void problems.push(new SpadeError("file", at, problem, fix));
  const nameOf = (path: string): string => pairName(path, o.dataset_mode);
  const alone = (paths: readonly string[], others: readonly string[]): string[] => {
    const names = new Set(others.map(nameOf));
    return paths.filter((path) => !names.has(nameOf(path)));
  };
  const first = labels.findIndex((path, i) => i < images.length && nameOf(path) !== nameOf(images[i]));
  const countsDiffer = o.dataset_mode === "custom" ? labels.length !== images.length : labels.length > images.length;
  if (countsDiffer || (first >= 0 && !o.no_pairing_check)) {
    const noPhoto = alone(labels, images);
    const noLabel = alone(images, labels);
    if (noPhoto.length) add(where, `no photo for ${some(noPhoto)}`, "add the photos, or move the label maps away");
    if (noLabel.length) add(where, `no label map for ${some(noLabel)}`, "add the label maps, or move the photos away");
    if (!noPhoto.length && !noLabel.length) {
      const [label, image] = first < 0 ? [labels.at(-1), images.at(-1)] : [labels[first], images[first]];
      add(where, `in order, ${label} would meet ${image}`, "name the files alike; a name may come once in each list");
    } else if (!countsDiffer && first >= 0 && noPhoto.length === labels.length) {
      problems.length = 0;
      add(
        where,
        `no label map has a photo of its name (the first are ${labels[0]} and ${images[0]})`,
        "name the files alike, or, if their orders agree, use --no_pairing_check",
      );
    }
  }
  if (instances && instances.length < labels.length)
    add(
      `${counted(labels.length, "label map")}, ${counted(instances.length, "instance map")}`,
      "each label map needs its instance map",
      "add them, or use --no_instance",
    );
  if (labels.length === 0 && !problems.length)
    add(where, "there is nothing to read", `check the folders and --phase ${o.phase}`);
  return problems;
}

/** Lists the samples of a data set. Fails with the first problem of the lists. */
export async function listPairs(o: DataOptions): Promise<Pair[]> {
  const lists = await listFiles(o);
  const problems = pairingProblems(lists, o);
  if (problems.length) throw problems[0];
  return lists.labels.map((label, i) => ({
    label,
    image: lists.images[i],
    ...(lists.instances ? { instance: lists.instances[i] } : {}),
  }));
}

/**
 * Lists label maps and instance maps only, for a test without photos; `image` is "". Fails like listPairs, but not on
 * missing photos.
 */
export async function listMaps(o: DataOptions): Promise<Pair[]> {
  const failed: SpadeError[] = [];
  const { labels, instances } = await listFiles(o, (error) => failed.push(error));
  if (!labels.length && failed.length) throw failed[0];
  const problems = pairingProblems({ labels, images: labels, instances }, o);
  if (problems.length) throw problems[0];
  return labels.map((label, i) => ({ label, image: "", ...(instances ? { instance: instances[i] } : {}) }));
}
