// A sheet of sixteen pairs of a data set, label map in colours beside photo, to see at a glance whether they belong together.

import { colorsOf, idsOf, readPng } from "../../datasets/label_file.ts";
import type { Pair } from "../../datasets/listing.ts";
import { readPhoto } from "../../datasets/photo.ts";
import type { Label } from "../../pictures/label_names.ts";
import { parseColor } from "../../pictures/label_colors.ts";
import type { LabelMap } from "../../labels/label_map.ts";
import type { LabelPng } from "../../formats/images/label_png.ts";
import { pilBicubicResize, type RgbImage } from "../../pictures/pil_bicubic.ts";
import { pilNearestResize } from "../../pictures/pil_nearest.ts";
import { labelColor } from "../../pictures/colors.ts";
import { SpadeError } from "../../runtime/errors.ts";

const PAIRS = 16;
const COLUMNS = 4;
/** Pixels: the height of a picture, the width of the space between pairs. */
const HEIGHT = 144;
const GAP = 8;
const BACKGROUND = 32;

/** Up to sixteen pairs, spread over the list; files that can't be read stay empty. Colours: those of `labels`, else labelColor's. */
export async function contactSheet(pairs: readonly Pair[], labels: readonly Label[] | undefined): Promise<RgbImage> {
  const count = Math.min(PAIRS, pairs.length);
  const shown = Array.from({ length: count }, (_, i) => pairs[Math.floor((i * pairs.length) / count)]);
  const read = await Promise.all(
    shown.map(async (pair) => [await readable(readPng(pair.label)), await readable(readPhoto(pair.image))] as const),
  );
  const aspects = read.flatMap(([, photo]) => (photo ? [photo.width / photo.height] : [])).sort((a, b) => a - b);
  const aspect = aspects.length ? aspects[aspects.length >> 1] : 1;
  const width = Math.round(HEIGHT * Math.min(2.5, Math.max(0.4, aspect)));
  const [stepX, stepY] = [2 * width + 2 + GAP, HEIGHT + GAP];
  const columns = Math.min(COLUMNS, count);
  const sheet = blank(columns * stepX + GAP, Math.ceil(count / columns) * stepY + GAP);
  read.forEach(([label, photo], i) => {
    const [x, y] = [GAP + (i % columns) * stepX, GAP + Math.floor(i / columns) * stepY];
    if (label) paste(sheet, inColors(label, labels, width), x, y, width);
    if (photo) paste(sheet, pilBicubicResize(photo, ...within(photo, width)), x + width + 2, y, width);
  });
  return sheet;
}

/** Undefined if the file is damaged; the report lists it. */
async function readable<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof SpadeError) return undefined;
    throw error;
  }
}

/** Width and height of a picture scaled to fit `limit` x HEIGHT, aspect ratio kept. */
function within({ width, height }: { width: number; height: number }, limit: number): [number, number] {
  const scale = Math.min(limit / width, HEIGHT / height);
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

function inColors(png: LabelPng, labels: readonly Label[] | undefined, limit: number): RgbImage {
  const own = new Map(labels?.map(({ id, color }) => [id, parseColor(color)]));
  const map = idsOrColors(png, labels);
  const small = pilNearestResize({ ...png, data: map.data }, ...within(png, limit));
  const data = new Uint8Array(3 * small.data.length);
  small.data.forEach((value, p) => {
    const color = map.colors ? value : own.get(value);
    data.set(color === undefined ? labelColor(value) : [color >> 16, (color >> 8) & 255, color & 255], 3 * p);
  });
  return { data, width: small.width, height: small.height };
}

/** The ids of a label map, or its colours if no list names them. */
function idsOrColors(png: LabelPng, labels: readonly Label[] | undefined): { data: LabelMap["data"]; colors: boolean } {
  try {
    return { data: idsOf(png, "", labels, "").data, colors: false };
  } catch (error) {
    if (!(error instanceof SpadeError)) throw error;
    return { data: colorsOf(png), colors: true };
  }
}

const blank = (width: number, height: number): RgbImage => ({
  data: new Uint8Array(3 * width * height).fill(BACKGROUND),
  width,
  height,
});

/** Copies a tile into the middle of its place, `width` x HEIGHT at (x, y). */
function paste(sheet: RgbImage, tile: RgbImage, x: number, y: number, width: number): void {
  const left = x + ((width - tile.width) >> 1);
  const top = y + ((HEIGHT - tile.height) >> 1);
  for (let row = 0; row < tile.height; row++) {
    const from = tile.data.subarray(3 * row * tile.width, 3 * (row + 1) * tile.width);
    sheet.data.set(from, 3 * ((top + row) * sheet.width + left));
  }
}
