// Reads label and instance maps from PNG files and resizes them to the net's size like the published data loader.

import { checkIds, idsOf, instancesOf, readPng } from "../../datasets/label_file.ts";
import { takesLabelNc } from "../../datasets/names.ts";
import type { Label } from "../../pictures/label_names.ts";
import { pilNearestResize } from "../../pictures/pil_nearest.ts";
import type { LabelMap } from "../../labels/label_map.ts";
import { labelSpace, roundHalfEven, type Config } from "../../models/config.ts";
import { SpadeError } from "../../runtime/errors.ts";

/** Size of the published loader's maps: crop_size x round(crop_size / aspect_ratio). */
export function mapSize(c: Config): { width: number; height: number } {
  return { width: c.crop_size, height: roundHalfEven(c.crop_size / c.aspect_ratio) };
}

/**
 * A label map of the net's size. Colours are mapped to ids by the labels stored with the weights.
 * Fails with `label` on the first pixel whose id is not a label of the net, and names its position in the file.
 */
export async function readLabelMap(
  path: string,
  config: Config,
  labels: readonly Label[] | undefined,
): Promise<LabelMap> {
  const map = idsOf(
    await readPng(path),
    path,
    labels,
    "give a map of label ids (gray or indexed PNG), or store what the colours mean with the weights: npx spade-webgpu convert WEIGHTS OUT.safetensors --labels LABELS.json",
  );
  const space = labelSpace(config);
  const fix = `write the ids of the net's training labels, 0 to ${config.label_nc - 1}, and 255 for don't care`;
  checkIds(map, path, space, takesLabelNc(config, labels), fix);
  const { width, height } = mapSize(config);
  return pilNearestResize(map, width, height);
}

/** An instance map of the net's size; in a coloured one every colour is an instance. `label`: the label map's file, for its size. */
export async function readInstanceMap(path: string, config: Config, label: string): Promise<LabelMap> {
  const png = await readPng(path);
  const of = await readPng(label);
  if (png.width !== of.width || png.height !== of.height) {
    throw new SpadeError(
      "shape",
      path,
      `is ${png.width} x ${png.height} where its label map is ${of.width} x ${of.height}`,
      "give the instance map of that label map",
    );
  }
  const { width, height } = mapSize(config);
  return pilNearestResize(instancesOf(png), width, height);
}
