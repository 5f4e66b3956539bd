// Lists the files of a data set with upstream's folders, extensions, order and pairing (docs/upstream.md, Files). Lists are paired by
// position in natural order. Names are checked too, because one missing file would shift all later pairs.

import { basename, extname, join } from "node:path";
import { noteInput } from "../formats/inputs.ts";
import { SpadeError, counted, foreign } from "../runtime/errors.ts";
import { comparable, isBelow, isFolder, listFolder, naturalSort, realFolder, type Listing } from "./folder.ts";
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

/** The part of a file name that must be equal for two files to be a pair. */
export function pairName(path: string, mode: DataOptions["dataset_mode"]): string {
  const name = comparable(basename(path));
  // aachen_000000_000019_gtFine_labelIds.png and aachen_000000_000019_leftImg8bit.png
  return mode === "cityscapes"
    ? name.split("_").slice(0, 3).join("_")
    : name.slice(0, name.length - extname(name).length);
}

/**
 * Lists the files that the options select. With `missing`, passes errors (a missing folder, one without pictures) to it
 * instead of throwing.
 */
export async function listFiles(o: DataOptions, missing?: (error: SpadeError) => void): Promise<Lists> {
  const found = await published(o, async (folder, option, how) => {
    try {
      const paths = await listFolder(folder, option, how);
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
    ...(found.instances && !o.no_instance ? { instances: finish(ofLabels(found, o)) } : {}),
  };
}

/**
 * The instance maps, without those that no label map is named like if all label maps have theirs: a file too many would
 * shift all later pairs.
 */
function ofLabels({ labels, instances = [] }: Lists, o: DataOptions): string[] {
  const nameOf = (path: string): string => pairName(path, o.dataset_mode);
  const [wanted, known] = [new Set(labels.map(nameOf)), new Set(instances.map(nameOf))];
  return [...wanted].every((name) => known.has(name))
    ? instances.filter((path) => wanted.has(nameOf(path)))
    : instances;
}

/** Whether the data set has any photo. Missing folders are not an error. */
export async function hasPhotos(o: DataOptions): Promise<boolean> {
  return (await listFiles(o, () => undefined)).images.length > 0;
}

type List = (folder: string, option: string, how?: Listing) => Promise<string[]>;

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
      const all = (await list(o.dataroot, root, { links: true, cached: false })).filter((path) => path.includes(part));
      const ending = (path: string, ...endings: string[]): boolean => endings.includes(extname(path).toLowerCase());
      return {
        labels: all.filter((path) => ending(path, ".png")),
        images: all.filter((path) => ending(path, ".jpg", ".jpeg")),
      };
    }
    case "cityscapes": {
      const phase = o.phase === "test" ? "val" : "train";
      const fine = await list(join(o.dataroot, "gtFine", phase), root, { links: true, cached: false });
      const images = await list(join(o.dataroot, "leftImg8bit", phase), root, { links: true, cached: false });
      return {
        labels: fine.filter((path) => path.endsWith("_labelIds.png")),
        images,
        instances: fine.filter((path) => path.endsWith("_instanceIds.png")),
      };
    }
    case "facades":
      return { labels: await ofRoot(`${testIsVal}_label`), images: await ofRoot(`${testIsVal}_img`) };
    case "custom":
      return custom(o, list);
  }
}

/**
 * Lists mode custom's folders. Where label maps and photos are in one folder, as in CMP Facades, label maps are its
 * PNG files and photos its other pictures. Where a folder lies below another, its files are not the other's.
 */
async function custom(o: DataOptions, list: List): Promise<Lists> {
  const used = [o.label_dir, o.image_dir, o.no_instance ? "" : o.instance_dir].filter((folder) => folder !== "");
  const one = (await realFolder(o.label_dir)) === (await realFolder(o.image_dir || o.label_dir));
  const isPng = (path: string): boolean => extname(path).toLowerCase() === ".png";
  const of = (folder: string, option: string, kind: (path: string) => boolean, what: string): Promise<string[]> => {
    const below = used.filter((other) => isBelow(other, folder));
    if (!below.length && !one) return list(folder, option);
    const test = (path: string): boolean => (!one || kind(path)) && !below.some((other) => isBelow(path, other));
    return list(folder, option, { only: { test, what } });
  };
  return {
    labels: await of(o.label_dir, "--label_dir", isPng, one ? "label map (.png)" : "label map"),
    images: await of(
      o.image_dir,
      "--image_dir",
      (path) => !isPng(path),
      one ? "photo beside the label maps (.jpg, or another ending than theirs, .png)" : "photo",
    ),
    instances:
      o.instance_dir && !o.no_instance
        ? await of(o.instance_dir, "--instance_dir", isPng, "instance map (.png)")
        : undefined,
  };
}

const some = (names: readonly string[]): string =>
  names
    .slice(0, 5)
    .map((name) => foreign(name))
    .join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");

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
      add(
        where,
        `in order, ${foreign(String(label))} would meet ${foreign(String(image))}`,
        "name the files alike; a name may come once in each list",
      );
    } else if (!countsDiffer && first >= 0 && noPhoto.length === labels.length) {
      problems.length = 0;
      add(
        where,
        `no label map has a photo of its name (the first are ${foreign(labels[0])} and ${foreign(images[0])})`,
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
