// Reads one sample from its files: decodes, checks and resizes. Runs in the main thread and in decoding threads.

import type { LabelPng } from "../formats/images/label_png.ts";
import type { Label } from "../pictures/label_names.ts";
import { DONT_CARE_ID, type LabelMap } from "../labels/label_map.ts";
import { labelSpace } from "../models/config.ts";
import { SpadeError } from "../runtime/errors.ts";
import { fixedSize, place, placeMap, placePhoto, type Draw, type Placement } from "./geometry.ts";
import { checkIds, instancesOf, readIds, readPng } from "./label_file.ts";
import type { Pair } from "./listing.ts";
import { takesLabelNc } from "./names.ts";
import type { DataOptions } from "./options.ts";
import { readPhoto } from "./photo.ts";
import { readPositions } from "./positions/read_positions.ts";
import { checkWay, type Ways } from "./readings.ts";
import type { Sample } from "./sample.ts";

/** The fix in error messages about coloured label maps without a list of labels. */
export const NAME_THE_COLOURS =
  "write one id a pixel (gray or indexed PNG), or say what each colour means: --labels FILE.json with [{ id, name, color }]";

/** Gets and checks the ids of a label map. `colors`: labels for its colours, if the data set has a list. `ways`: how others were read, which must be alike. */
export function checkedMap(
  png: LabelPng,
  path: string,
  options: DataOptions,
  colors: readonly Label[] | undefined,
  ways: Ways = {},
): ReturnType<typeof readIds> {
  const read = readIds(png, path, colors, NAME_THE_COLOURS);
  checkWay(path, png.kind, read.by, ways);
  checkIds(read.map, path, labelSpace(options), takesLabelNc(options, colors), fixOfLabelNc(options));
  return read;
}

/** What to do about label maps that hold label_nc. */
export const fixOfLabelNc = ({ label_nc }: Pick<DataOptions, "label_nc">): string =>
  `if the ids run from 1, subtract 1 from each; if ${label_nc} is a label, use --label_nc ${label_nc + 1}; if it is don't care, write 255`;

/**
 * Reads and resizes the maps of a sample. Also returns what the photo needs: the stored label map and the placement.
 */
export async function readMaps(
  pair: Pick<Pair, "label" | "instance">,
  options: DataOptions,
  draw: Draw,
  colors: readonly Label[] | undefined,
  ways?: Ways,
): Promise<Pick<Sample, "label" | "instance" | "positions"> & { stored: LabelMap; placement: Placement }> {
  const [stored, instances] = await Promise.all([
    readPng(pair.label).then((png) => checkedMap(png, pair.label, options, colors, ways).map),
    pair.instance === undefined ? undefined : readPng(pair.instance).then(instancesOf),
  ]);
  const placement = place(options, draw, stored);
  const label = withDontCare(placeMap(stored, options, placement, pair.label), options);
  const instance = instances && placeMap(instances, options, placement, pair.instance!);
  if (instances) agree(pair.label, stored, pair.instance!, instances, true);
  const positions = options.add_dist ? await readPositions(pair.label, stored, options, placement) : undefined;
  return { label, instance, positions, stored, placement };
}

/**
 * Reads a sample. Fails with `file`, `label` or `shape`; the error names the file. The sample does not share its
 * arrays.
 */
export async function readSample(
  pair: Pair,
  options: DataOptions,
  draw: Draw,
  colors: readonly Label[] | undefined,
  ways?: Ways,
): Promise<Sample> {
  const [maps, photo] = await Promise.all([readMaps(pair, options, draw, colors, ways), readPhoto(pair.image)]);
  const { label, instance, positions, stored, placement } = maps;
  const image = placePhoto(photo, options, placement, pair.image);
  // Without resizing, a crop from pictures of different sizes would show different places, so compare the stored sizes.
  const [before, after] = options.preprocess_mode === "crop" ? [stored, photo] : [label, image];
  agree(pair.label, before, pair.image, after);
  if (options.isTrain && !fixedSize(options)) checkTrained(pair.label, label, options);
  return { label, instance, ...(positions && { positions }), image: image.data, path: pair.image };
}

/** Replaces 255 by label_nc if the net has a don't-care label. May write into `map`. */
function withDontCare(map: LabelMap, { label_nc, contain_dontcare_label }: DataOptions): LabelMap {
  if (!contain_dontcare_label || label_nc === DONT_CARE_ID) return map;
  const data = label_nc > 255 && !(map.data instanceof Uint16Array) ? Uint16Array.from(map.data) : map.data;
  for (let p = 0; p < data.length; p++) if (data[p] === DONT_CARE_ID) data[p] = label_nc;
  return { ...map, data };
}

interface Sized {
  width: number;
  height: number;
}

function agree(a: string, sizeA: Sized, b: string, sizeB: Sized, exact = false): void {
  if (sizeA.width === sizeB.width && sizeA.height === sizeB.height) return;
  const fix = exact
    ? "give the instance map of that label map"
    : "give files of one size, or use --preprocess_mode resize_and_crop";
  throw new SpadeError(
    "shape",
    b,
    `is ${sizeB.width} x ${sizeB.height} where ${a} is ${sizeA.width} x ${sizeA.height}`,
    fix,
  );
}

/**
 * Checks that a sample has the generator's size, because the discriminator takes labels and picture together. Fails
 * with `shape`.
 */
export function checkTrained(path: string, { width, height }: Sized, o: DataOptions): void {
  const wanted = fixedSize({ ...o, preprocess_mode: "fixed" })!;
  if (width === wanted.width && height === wanted.height) return;
  throw new SpadeError(
    "shape",
    path,
    `becomes ${width} x ${height} under --preprocess_mode ${o.preprocess_mode}, where the net paints ${wanted.width} x ${wanted.height}`,
    "train with resize_and_crop, scale_width_and_crop, crop or fixed",
  );
}
