// Reads label and instance maps from PNG files: ids as stored. Colours in label maps need a list that maps them to ids.

import { readFile } from "node:fs/promises";
import { colorImageFromRgb, labelMapFromColors } from "../pictures/label_colors.ts";
import type { Label } from "../pictures/label_names.ts";
import { decodeLabelPng, type LabelPng } from "../formats/images/label_png.ts";
import { checkedLabels, type LabelMap, type LabelSpace } from "../labels/label_map.ts";
import { SpadeError } from "../runtime/errors.ts";
import { mostPixels } from "./pixel_limit.ts";

/** The error for a file that can't be read. */
export function fileProblem(path: string, cause: unknown): SpadeError {
  const { code } = cause as NodeJS.ErrnoException;
  const problem =
    code === "ENOENT"
      ? "does not exist"
      : code === "EISDIR"
        ? "is a folder"
        : `can't be read (${code ?? String(cause)})`;
  return new SpadeError("file", path, problem, "check the path", cause);
}

/** Reads and decodes a label PNG without checking its ids. Fails with `file` or `unsupported`. */
export async function readPng(path: string): Promise<LabelPng> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw fileProblem(path, cause);
  }
  return decodeLabelPng(bytes, path, mostPixels());
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
 * Gets the ids of a PNG; maps colours to ids through `labels`. Fails with `label` on colours without a list or not in
 * it. `unmapped` is the fix shown if there is no list.
 */
export function idsOf(png: LabelPng, path: string, labels: readonly Label[] | undefined, unmapped: string): LabelMap {
  if (png.kind !== "rgb") return png;
  if (!labels) throw new SpadeError("label", path, `is a picture in colours: ${describeColors(png)}`, unmapped);
  const palette = Array.from({ length: labels.reduce((most, l) => Math.max(most, l.id), 0) + 1 }, () => "");
  for (const { id, color } of labels) palette[id] = color;
  return about(path, () => labelMapFromColors(colorImageFromRgb(png.rgb!, png.width, png.height), palette, 0));
}

/** Fails with `label` at the first pixel whose id is not a label; the error gives its position. */
export function checkIds(map: LabelMap, path: string, space: LabelSpace): void {
  about(path, () => checkedLabels([map], space));
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
  const names = most.map(([c, n]) => `#${c.toString(16).padStart(6, "0")} ${((100 * n) / pixels).toFixed(1)} %`);
  return `${counts.size} distinct ones, ${counts.size > names.length ? "most of all " : ""}${names.join(", ")}`;
}
