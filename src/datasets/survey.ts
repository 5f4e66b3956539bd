// Surveys a whole data set before a long run: collects all its problems, counts label ids and picture sizes, and
// suggests label options.

import type { Label } from "../pictures/label_names.ts";
import type { LabelPng } from "../formats/images/label_png.ts";
import { instanceEdges } from "../labels/edges.ts";
import { DONT_CARE_ID } from "../labels/label_map.ts";
import { foreign, SpadeError } from "../runtime/errors.ts";
import { crops, fixedSize, resizedSize, type Size } from "./geometry.ts";
import { colorOfValue, colorsOf, instancesOf, readIds, readPng } from "./label_file.ts";
import { listFiles, pairingProblems, pairName, type Lists, type Pair } from "./listing.ts";
import type { DataOptions } from "./options.ts";
import { readPhoto } from "./photo.ts";
import { checkTrained, NAME_THE_COLOURS } from "./read_sample.ts";
import { Readings } from "./readings.ts";

/** Errors of one kind: the first one, and their number. */
export interface Problem {
  first: SpadeError;
  count: number;
}

export interface IdCount {
  pixels: number;
  maps: number;
  /** Path of the first map that has this id. */
  where: string;
}

export interface Survey {
  /** The lists found, cut to max_dataset_size. */
  lists: Lists;
  /** The pairs that were read: paired by position if listing and pairing had no problems, else by name. */
  pairs: Pair[];
  problems: Problem[];
  /** Number of files by size, and by kind of pixels. */
  labelSizes: Map<string, number>;
  labelKinds: Map<string, number>;
  photoSizes: Map<string, number>;
  photoKinds: Map<string, number>;
  /** Counts by id, from label maps that hold ids or colours in the list of labels. */
  ids: Map<number, IdCount>;
  /**
   * Pixels by colour, if label maps hold colours that no list of labels names; also of gray maps stored as RGB beside
   * coloured ones.
   */
  colors: Map<number, number>;
  /** Pixels by colour of the maps that are read by palette index. */
  paletteColors: Map<number, number>;
  /** How the label maps were read. */
  readings: Readings;
  /** Number of photos with an EXIF orientation other than upright. */
  turned: number;
  /** Photos whose aspect ratio differs from that of their label map. */
  otherShape: string[];
  /** Number of photos that must be enlarged. */
  enlarged: number;
  /** Number of instance maps compared with their label maps, and of those with a border inside a label. */
  instances: number;
  instancesWithBorders: number;
}

/**
 * Lists, pairs and reads all files. `colors` maps the colours in label maps to labels. Failures are collected in
 * `problems`. Calls `onListed` when the files are listed and none is read yet, and `onProgress` for every pair.
 */
export async function survey(
  options: DataOptions,
  colors: readonly Label[] | undefined,
  onListed?: () => Promise<void>,
  onProgress?: (done: number, total: number) => void,
): Promise<Survey> {
  const problems = new Map<string, Problem>();
  const report = (kind: string, error: unknown): void => {
    if (!(error instanceof SpadeError)) throw error;
    const known = problems.get(kind);
    if (known) known.count++;
    else problems.set(kind, { first: error, count: 1 });
  };
  let unlisted = 0;
  const lists = await listFiles(options, (error) => report(`list ${unlisted++}`, error));
  await onListed?.();
  if (!unlisted) pairingProblems(lists, options).forEach((error, i) => report(`pairing ${i}`, error));
  const paired = problems.size === 0;
  const look = new Look(options, colors, report);
  const pairs = paired ? byPlace(lists) : byName(lists, options);
  for (const [i, pair] of pairs.entries()) {
    onProgress?.(i, pairs.length);
    await look.at(pair);
  }
  onProgress?.(pairs.length, pairs.length);
  look.end();
  const mixed = look.found.readings.mixed();
  if (mixed) report("mixed", mixed);
  return { lists, pairs, problems: [...problems.values()], ...look.found };
}

const byPlace = ({ labels, images, instances }: Lists): Pair[] =>
  labels.map((label, i) => ({ label, image: images[i], ...(instances ? { instance: instances[i] } : {}) }));

function byName({ labels, images, instances }: Lists, o: DataOptions): Pair[] {
  const named = (paths: readonly string[]): Map<string, string> =>
    new Map(paths.map((path) => [pairName(path, o.dataset_mode), path]));
  const [photo, instance] = [named(images), named(instances ?? [])];
  return labels.flatMap((label) => {
    const name = pairName(label, o.dataset_mode);
    const image = photo.get(name);
    return image === undefined ? [] : [{ label, image, instance: instance.get(name) }];
  });
}

const add = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);

/** Limit on distinct colours; a label map drawn in flat colours has fewer. */
const MAX_COLORS = 256;

class Look {
  /** Pixels by colour of r = g = b maps: colours if the others are coloured, else ids. */
  private readonly grays = new Map<number, number>();
  readonly found: Omit<Survey, "lists" | "pairs" | "problems"> = {
    labelSizes: new Map(),
    labelKinds: new Map(),
    photoSizes: new Map(),
    photoKinds: new Map(),
    ids: new Map(),
    colors: new Map(),
    paletteColors: new Map(),
    readings: new Readings(),
    turned: 0,
    otherShape: [],
    enlarged: 0,
    instances: 0,
    instancesWithBorders: 0,
  };

  constructor(
    private readonly options: DataOptions,
    private readonly listed: readonly Label[] | undefined,
    private readonly report: (kind: string, error: unknown) => void,
  ) {}

  async at(pair: Pair): Promise<void> {
    const attempt = async <T>(kind: string, work: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await work();
      } catch (error) {
        this.report(kind, error);
        return undefined;
      }
    };
    const [label, photo, instance] = await Promise.all([
      attempt("label map", () => readPng(pair.label)),
      attempt("photo", () => readPhoto(pair.image)),
      pair.instance === undefined ? undefined : attempt("instance map", () => readPng(pair.instance!)),
    ]);
    if (label) this.label(pair.label, label);
    if (photo) {
      add(this.found.photoSizes, `${photo.width} x ${photo.height}`);
      add(this.found.photoKinds, photo.stored);
      if (photo.turned) this.found.turned++;
      const size = resizedSize(this.options, photo);
      if (size.width > photo.width || size.height > photo.height) this.found.enlarged++;
    }
    if (label && photo) this.together(pair, label, photo);
    if (label && instance) this.instance(pair, label, instance);
  }

  private label(path: string, png: LabelPng): void {
    const { found } = this;
    add(found.labelSizes, `${png.width} x ${png.height}`);
    const bits = png.data instanceof Uint16Array ? ", 16 bits" : "";
    const kind = png.kind === "indexed" ? "palette" : `gray${bits}`;
    let read: ReturnType<typeof readIds>;
    try {
      read = readIds(png, path, this.listed, NAME_THE_COLOURS);
    } catch (error) {
      add(found.labelKinds, "colours");
      if (this.listed || this.collectColors(path, png)) this.report("colours", error);
      return;
    }
    const { map, by } = read;
    found.readings.add(path, png, by);
    const stored = { gray: kind, indexed: "palette index", rgb: "gray as RGB" }[png.kind];
    const drawn = png.kind === "rgb" ? "colours" : `${kind} by colour`;
    add(found.labelKinds, by === "ids" ? stored : drawn);
    const counts = new Uint32Array(65536);
    for (const id of map.data) counts[id]++;
    if (by === "ids") this.countShades(png, counts);
    counts.forEach((pixels, id) => {
      if (!pixels) return;
      const known = found.ids.get(id);
      if (!known) found.ids.set(id, { pixels, maps: 1, where: path });
      else {
        known.pixels += pixels;
        known.maps++;
      }
    });
  }

  /** Counts the colours of a map that is read by its numbers, for a list of labels. `counts`: pixels by number. */
  private countShades(png: LabelPng, counts: Uint32Array): void {
    if (png.kind === "gray") return;
    const into = png.kind === "rgb" ? this.grays : this.found.paletteColors;
    counts.forEach((pixels, value) => {
      const color = pixels ? colorOfValue(png, value) : undefined;
      if (color !== undefined) into.set(color, (into.get(color) ?? 0) + pixels);
    });
  }

  /** Ends the survey: among coloured maps, black and white ones are coloured too. */
  end(): void {
    const { colors } = this.found;
    if (colors.size) for (const [color, pixels] of this.grays) colors.set(color, (colors.get(color) ?? 0) + pixels);
  }

  /** Counts the colours of a map. Returns false and reports a problem if there are too many to be labels. */
  private collectColors(path: string, png: LabelPng): boolean {
    const own = new Map<number, number>();
    for (const color of colorsOf(png)) own.set(color, (own.get(color) ?? 0) + 1);
    if (own.size > MAX_COLORS) {
      const problem = `has ${own.size} distinct colours: a photo, or a map that was antialiased, resized smoothly or saved as JPEG`;
      this.report(
        "many colours",
        new SpadeError("label", path, problem, "draw label maps in flat colours, and resize them by nearest"),
      );
      return false;
    }
    for (const [color, pixels] of own) this.found.colors.set(color, (this.found.colors.get(color) ?? 0) + pixels);
    return true;
  }

  /** Reports where the label map and photo of a pair do not match under these options. */
  private together(pair: Pair, label: Size, photo: Size): void {
    const o = this.options;
    const differs = (a: Size, b: Size): boolean => a.width !== b.width || a.height !== b.height;
    const wrong = (kind: string, problem: string, fix: string): void =>
      this.report(kind, new SpadeError("shape", pair.image, problem, fix));
    const of = ({ width, height }: Size): string => `${width} x ${height}`;
    // Allow one pixel of rounding on either side.
    if (
      Math.abs(label.width * photo.height - label.height * photo.width) >
      Math.max(photo.width, photo.height, label.width, label.height)
    )
      this.found.otherShape.push(`${foreign(pair.image)} (${of(photo)}, its label map ${of(label)})`);
    const [mapSize, photoSize] = [resizedSize(o, label), resizedSize(o, photo)];
    if (Math.min(mapSize.width, mapSize.height, photoSize.width, photoSize.height) < 1)
      wrong(
        "vanishes",
        `is too small for --preprocess_mode ${o.preprocess_mode}`,
        "use resize_and_crop, or leave it out",
      );
    else if (differs(mapSize, photoSize))
      wrong(
        "sizes",
        `is ${of(photo)} where its label map is ${of(label)}`,
        "give both one size, or use --preprocess_mode resize_and_crop",
      );
    else if (crops(o) && Math.min(mapSize.width, mapSize.height) < o.crop_size)
      wrong(
        "crop",
        `has ${of(mapSize)} pixels under --preprocess_mode ${o.preprocess_mode}, and crops of ${o.crop_size} would reach beyond: black, label 0`,
        "raise --load_size, lower --crop_size, or use resize_and_crop or scale_shortside_and_crop",
      );
    else if (o.isTrain && !fixedSize(o)) {
      try {
        checkTrained(pair.label, mapSize, o);
      } catch (error) {
        this.report("net size", error);
      }
    }
  }

  private instance(pair: Pair, label: LabelPng, png: LabelPng): void {
    const { width, height } = label;
    if (png.width !== width || png.height !== height) {
      const problem = `is ${png.width} x ${png.height} where its label map is ${width} x ${height}`;
      this.report(
        "instance size",
        new SpadeError("shape", pair.instance!, problem, "give the instance map of that label map"),
      );
      return;
    }
    const [labelEdges, edges] = [new Uint8Array(width * height), new Uint8Array(width * height)];
    instanceEdges(label.kind === "rgb" ? colorsOf(label) : label.data, 0, width, height, labelEdges, 0);
    instanceEdges(instancesOf(png).data, 0, width, height, edges, 0);
    this.found.instances++;
    if (edges.some((edge, p) => edge > labelEdges[p])) this.found.instancesWithBorders++;
  }
}

/** The label options that fit the maps. `instances`: whether instance maps add borders inside labels. */
export function fittingLabels(
  ids: ReadonlyMap<number, IdCount>,
  instances: boolean,
): Pick<DataOptions, "label_nc" | "contain_dontcare_label" | "no_instance"> {
  let highest = 0;
  for (const id of ids.keys()) if (id !== DONT_CARE_ID) highest = Math.max(highest, id);
  // If there are ids above 255, then 255 is an ordinary label.
  const dontCare = ids.has(DONT_CARE_ID) && highest < DONT_CARE_ID;
  return { label_nc: highest + 1, contain_dontcare_label: dontCare, no_instance: !instances };
}
