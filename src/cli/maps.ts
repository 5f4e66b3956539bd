// Label and instance maps from PNG files to the size that the net takes, as the published data loader does it.

import { readFile } from "node:fs/promises";
import { colorImageFromRgb, labelMapFromColors } from "../formats/label_colors.ts";
import { decodeLabelPng, type LabelPng } from "../formats/label_png.ts";
import { pilNearestResize } from "../formats/pil_nearest.ts";
import { checkedLabels, type LabelMap } from "../labels/label_map.ts";
import { labelSpace, roundHalfEven, type Config } from "../models/config.ts";
import { SpadeError } from "../runtime/errors.ts";
import type { Label } from "../formats/label_names.ts";

/** Size of the published loader's maps: crop_size x round(crop_size / aspect_ratio). */
export function mapSize(c: Config): { width: number; height: number } {
  return { width: c.crop_size, height: roundHalfEven(c.crop_size / c.aspect_ratio) };
}

async function readPng(path: string): Promise<LabelPng> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new SpadeError(
      "file",
      path,
      code === "ENOENT" ? "does not exist" : code === "EISDIR" ? "is a folder" : `can't be read (${code})`,
      "check the path",
      cause,
    );
  }
  return decodeLabelPng(bytes, path);
}

/** Errors about the map's values say which file. */
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
 * A label map of the net's size. Colours are read through the labels stored with the weights.
 * Fails with `label` on the first pixel that is no label of the net, by its place in the file.
 */
export async function readLabelMap(
  path: string,
  config: Config,
  labels: readonly Label[] | undefined,
): Promise<LabelMap> {
  const png = await readPng(path);
  const map: LabelMap = png.kind === "rgb" ? about(path, () => fromColors(png, path, labels)) : png;
  about(path, () => checkedLabels([map], labelSpace(config)));
  const { width, height } = mapSize(config);
  return pilNearestResize(map, width, height);
}

function fromColors(png: LabelPng, path: string, labels: readonly Label[] | undefined): LabelMap {
  const { width, height } = png;
  if (labels) {
    const palette = Array.from({ length: Math.max(...labels.map((l) => l.id)) + 1 }, () => "");
    for (const { id, color } of labels) palette[id] = color;
    return labelMapFromColors(colorImageFromRgb(png.rgb!, width, height), palette, 0);
  }
  const colors = new Set<number>();
  for (let p = 0; p < width * height; p++)
    colors.add((png.rgb![3 * p] << 16) | (png.rgb![3 * p + 1] << 8) | png.rgb![3 * p + 2]);
  const [first] = colors;
  throw new SpadeError(
    "label",
    path,
    `is a picture in colours (${colors.size} distinct ones, the first is #${first.toString(16).padStart(6, "0")} at pixel (0, 0)), and the weights store no label colours`,
    "give a map of label ids (gray or indexed PNG), or store the colours: npx spade-webgpu convert WEIGHTS OUT.safetensors --labels LABELS.json",
  );
}

/** An instance map of the net's size; in a coloured one every colour is an instance. `label`: the label map's file, for its size. */
export async function readInstanceMap(path: string, config: Config, label: string): Promise<LabelMap> {
  const png = await readPng(path);
  const of = await readPng(label);
  if (Math.abs(png.width * of.height - png.height * of.width) > Math.max(png.width, of.width, png.height, of.height)) {
    throw new SpadeError(
      "shape",
      path,
      `is ${png.width} x ${png.height} where its label map is ${of.width} x ${of.height}`,
      "give the instance map of that label map",
    );
  }
  let map: LabelMap = png;
  if (png.kind === "rgb") {
    const data = new Int32Array(png.width * png.height);
    for (let p = 0; p < data.length; p++)
      data[p] = (png.rgb![3 * p] << 16) | (png.rgb![3 * p + 1] << 8) | png.rgb![3 * p + 2];
    map = { data, width: png.width, height: png.height };
  }
  const { width, height } = mapSize(config);
  return pilNearestResize(map, width, height);
}
