// The positional maps of a sample (--add_dist): from a .npy beside its label map, else computed from the map as its file holds it; then
// resized, cropped and flipped with it.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { readNpy } from "../../formats/images/npy.ts";
import type { LabelMap } from "../../labels/label_map.ts";
import { torchNearest } from "../../labels/levels.ts";
import { positionsOf } from "../../labels/positions.ts";
import { SpadeError } from "../../runtime/errors.ts";
import { crops, resizedSize, type Placement } from "../geometry.ts";
import type { DataOptions } from "../options.ts";

/** Where a label map's .npy may be: the published data sets' places, and beside it. */
const PLACES: readonly [from: RegExp, to: string][] = [
  [/_labelIds\.png$/i, "_distance.npy"],
  [/(^|[\\/])annotations([\\/].*)\.png$/i, "$1distances$2.npy"],
  [/_label([\\/][^\\/]*)\.png$/i, "_dist$1.npy"],
  [/\.[^.\\/]+$/, ".npy"],
];

/** The file with the positions of a label map; undefined if there is none. */
export const positionsFile = (label: string): string | undefined =>
  PLACES.filter(([from]) => from.test(label))
    .map(([from, to]) => label.replace(from, to))
    .find((path) => existsSync(path));

/**
 * Positions of a sample, [H,W,2] of its placed label map.
 * @param stored the label map with the ids of its file; id 0 has no positions
 * @throws SpadeError file: the .npy is damaged; shape: it is that of a map of another size
 */
export async function readPositions(
  label: string,
  stored: LabelMap,
  o: DataOptions,
  placement: Placement,
): Promise<Float32Array> {
  const path = positionsFile(label);
  return placePositions(
    path === undefined ? positionsOf(stored) : await fromNpy(path, label, stored),
    stored,
    o,
    placement,
  );
}

/** [H,W,2] from a file's [2,H,W]. */
async function fromNpy(path: string, label: string, { width, height }: LabelMap): Promise<Float32Array> {
  const { shape, data } = readNpy(await readFile(path), path);
  if (shape.join() !== `2,${height},${width}`)
    throw new SpadeError(
      "shape",
      path,
      `has the shape [${shape.join(", ")}] where ${label} needs [2, ${height}, ${width}]`,
      "make it from that label map, or remove it: then positions are computed",
    );
  const size = width * height;
  return Float32Array.from({ length: 2 * size }, (_, i) => data[(i % 2) * size + (i >> 1)]);
}

type PlaceOptions = Parameters<typeof resizedSize>[0] & Pick<DataOptions, "flip_dist_as_published">;

/**
 * Resizes (torch's nearest), crops and flips positions [H,W,2] as the label map of the size `from` is; zeros where the crop exceeds it. A
 * flipped sample's offsets of columns change their sign, which the published reader leaves out: it flips the map along the height instead
 * (--flip_dist_as_published).
 */
export function placePositions(
  positions: Float32Array,
  from: { width: number; height: number },
  o: PlaceOptions,
  { x: left, y: top, flip }: Placement,
): Float32Array {
  const resized = resizedSize(o, from);
  const cropped = crops(o);
  const { width, height } = cropped ? { width: o.crop_size, height: o.crop_size } : resized;
  const [right, bottom] = cropped ? [left, top] : [0, 0];
  const mirrored = flip && !o.flip_dist_as_published;
  const out = new Float32Array(2 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const row = bottom + (flip && !mirrored ? height - 1 - y : y);
      const column = right + (mirrored ? width - 1 - x : x);
      if (row >= resized.height || column >= resized.width) continue;
      const at =
        torchNearest(row, from.height, resized.height) * from.width + torchNearest(column, from.width, resized.width);
      out[2 * (y * width + x)] = positions[2 * at];
      out[2 * (y * width + x) + 1] = mirrored ? 0 - positions[2 * at + 1] : positions[2 * at + 1];
    }
  }
  return out;
}
