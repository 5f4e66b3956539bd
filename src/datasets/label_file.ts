// Reads label and instance maps from PNG files. A label map holds ids, or colours that a list of labels maps to ids.

import { readFile } from "node:fs/promises";
import { labelHex } from "../pictures/colors.ts";
import { colorHex, colorImageFromRgb, labelMapFromColors, parseColor } from "../pictures/label_colors.ts";
import type { Label } from "../pictures/label_names.ts";
import { fileError } from "../formats/file.ts";
import { noteInput } from "../formats/inputs.ts";
import { decodeLabelPng, type LabelPng } from "../formats/images/label_png.ts";
import { DONT_CARE_ID, illegalLabel, type LabelMap, type LabelSpace } from "../labels/label_map.ts";
import { SpadeError } from "../runtime/errors.ts";
import { mostPixels } from "./pixel_limit.ts";

/** The error for a file that can't be read. */
export function fileProblem(path: string, cause: unknown): SpadeError {
  const error = fileError(path, cause);
  if (error instanceof SpadeError) return error;
  return new SpadeError("file", path, `can't be read (${String(cause)})`, "check the path", cause);
}

/** Reads a picture's file whole, as an input of the command. Fails with `file`. */
export async function readInput(path: string): Promise<Buffer> {
  noteInput(path);
  try {
    return await readFile(path);
  } catch (cause) {
    throw fileProblem(path, cause);
  }
}

/** Reads and decodes a label PNG without checking its ids. Fails with `file` or `unsupported`. */
export async function readPng(path: string): Promise<LabelPng> {
  return decodeLabelPng(await readInput(path), path, mostPixels());
}

/** Runs `body` and adds the file's path to errors about the values of a map. */
function about<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof SpadeError) || !["label", "shape"].includes(error.code)) throw error;
    const where = error.where.startsWith("label map") || error.where === path ? path : `${path}, ${error.where}`;
    throw new SpadeError(error.code, where, error.problem, error.fix, error);
  }
}

/**
 * How a label map was read: "colours" through the list of labels, or "ids" as stored (gray values, palette indices, the
 * common byte of r = g = b). "both": either way gives these ids.
 */
export type ReadBy = "colours" | "ids" | "both";

/**
 * Gets the ids of a PNG. In this order: by its colours if `labels` name all of them; the common byte if r = g = b
 * everywhere, which is how OpenCV stores gray; the palette index or gray value. Fails with `label` on other colours.
 * `unmapped` is the fix shown if there is no list.
 */
export function idsOf(png: LabelPng, path: string, labels: readonly Label[] | undefined, unmapped: string): LabelMap {
  return readIds(png, path, labels, unmapped).map;
}

/** Like idsOf, and says how the map was read. */
export function readIds(
  png: LabelPng,
  path: string,
  labels: readonly Label[] | undefined,
  unmapped: string,
): { map: LabelMap; by: ReadBy } {
  const gray = png.kind !== "rgb" || isGray(png.rgb!);
  const named = labels && namedColors(labels);
  if (!gray) {
    if (!named) throw new SpadeError("label", path, `is a picture in colours: ${describeColors(png)}`, unmapped);
    return { map: mapColors(png, path, named.palette), by: "colours" };
  }
  // The colours of a published list are made up, and name no gray maps and palettes: the palette that many programs
  // store with ids has the same colours one id further on.
  if (!named || (named.published && png.kind !== "rgb")) return { map: png, by: "ids" };
  const idOf = idsByValue(png, named.ids);
  if (!idOf) return { map: png, by: "ids" };
  const wide = named.palette.length > 256;
  const data = wide ? new Uint16Array(png.data.length) : new Uint8Array(png.data.length);
  let same = true;
  for (let p = 0; p < data.length; p++) {
    data[p] = idOf.get(png.data[p])!;
    same &&= data[p] === png.data[p];
  }
  return { map: { data, width: png.width, height: png.height }, by: same ? "both" : "colours" };
}

function isGray(rgb: Uint8Array): boolean {
  for (let at = 0; at < rgb.length; at += 3) if (rgb[at] !== rgb[at + 1] || rgb[at] !== rgb[at + 2]) return false;
  return true;
}

interface NamedColors {
  /** Ids by 0xrrggbb. */
  ids: Map<number, number>;
  /** Colours by id, for labelMapFromColors. */
  palette: string[];
  /** Whether the colours are those that upstream's colour map gives to all ids from 0 on. */
  published: boolean;
}

const known = new WeakMap<readonly Label[], NamedColors>();

/** The fewest labels of a published list (Facades). */
const PUBLISHED = 13;

function namedColors(labels: readonly Label[]): NamedColors {
  let named = known.get(labels);
  if (!named) {
    const palette: string[] = [];
    for (const { id, color } of labels) {
      while (palette.length <= id) palette.push("");
      palette[id] = color;
    }
    const ids = new Map(labels.map(({ id, color }) => [parseColor(color), id]));
    const made = ({ id, color }: Label): boolean => parseColor(color) === parseColor(labelHex(id));
    const published = labels.length >= PUBLISHED && palette.length === labels.length && labels.every(made);
    known.set(labels, (named = { ids, palette, published }));
  }
  return named;
}

/** The id of each stored value of a gray or indexed PNG by its colour; undefined if a colour is not named. */
function idsByValue(png: LabelPng, ids: ReadonlyMap<number, number>): Map<number, number> | undefined {
  const out = new Map<number, number>();
  for (const value of valuesOf(png)) {
    const color = colorOfValue(png, value);
    const id = color === undefined ? undefined : ids.get(color);
    if (id === undefined) return undefined;
    out.set(value, id);
  }
  return out;
}

/** The distinct stored values of a PNG, lowest first. */
export function valuesOf(png: LabelPng): number[] {
  const used = new Uint8Array(65536);
  for (const value of png.data) used[value] = 1;
  const values: number[] = [];
  used.forEach((is, value) => {
    if (is) values.push(value);
  });
  return values;
}

/** The colour 0xrrggbb in which a stored value is shown; undefined if it has none of 8 bits. */
export function colorOfValue(png: LabelPng, value: number): number | undefined {
  if (png.kind === "indexed") {
    const color = png.palette![value] as readonly number[] | undefined;
    return color && (color[0] << 16) | (color[1] << 8) | color[2];
  }
  const level = (value * 255) / (png.white ?? (png.data instanceof Uint16Array ? 65535 : 255));
  return Number.isInteger(level) ? level * 0x010101 : undefined;
}

const mapColors = (png: LabelPng, path: string, palette: readonly string[]): LabelMap =>
  about(path, () => labelMapFromColors(colorImageFromRgb(png.rgb!, png.width, png.height), palette, 0));

/**
 * Fails with `label` at the first pixel whose id is not a label; the error gives its position. In files 255 alone means
 * don't care. label_nc, to which the engine maps it, is refused: ids that run from 1 would lose their last label
 * unnoticed. `ownLabelNc`: label_nc is a label of these files (see `takesLabelNc`). `fix`: for a file that has it.
 */
export function checkIds(map: LabelMap, path: string, space: LabelSpace, ownLabelNc: boolean, fix: string): void {
  const { data, width, height } = map;
  const dontCare = space.dontCare ?? undefined;
  const labelCount = dontCare === undefined || ownLabelNc ? space.labelCount : dontCare;
  const isLegal = (id: number): boolean => id < labelCount || (id === DONT_CARE_ID && dontCare !== undefined);
  const first = (data as Uint8Array).findIndex((id) => !isLegal(id));
  if (first < 0) return;
  if (data[first] !== dontCare) throw illegalLabel(path, map, first, data[first], { labelCount, dontCare });
  let pixels = 0;
  for (const id of data) if (id === dontCare) pixels++;
  throw new SpadeError(
    "label",
    path,
    `holds ${dontCare} in ${pixels} of its ${width * height} pixels, which is label_nc: legal are 0 to ${labelCount - 1}, and 255 alone is don't care`,
    fix,
  );
}

/** Gets an instance map. Only equality of values matters, so in a coloured PNG every colour is an instance. */
export function instancesOf(png: LabelPng): LabelMap {
  return png.kind === "rgb" ? { data: colorsOf(png), width: png.width, height: png.height } : png;
}

/** The value 0xrrggbb of each pixel of a coloured PNG. */
export function colorsOf(png: LabelPng): Int32Array {
  const rgb = png.rgb!;
  const colors = new Int32Array(png.width * png.height);
  for (let p = 0; p < colors.length; p++) colors[p] = (rgb[3 * p] << 16) | (rgb[3 * p + 1] << 8) | rgb[3 * p + 2];
  return colors;
}

/** Describes the distinct colours for a message, most frequent first. */
function describeColors(png: LabelPng): string {
  const counts = new Map<number, number>();
  for (const color of colorsOf(png)) counts.set(color, (counts.get(color) ?? 0) + 1);
  const pixels = png.width * png.height;
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 6);
  const names = most.map(([c, n]) => `${colorHex(c)} ${((100 * n) / pixels).toFixed(1)} %`);
  return `${counts.size} distinct ones, ${counts.size > names.length ? "most of all " : ""}${names.join(", ")}`;
}
