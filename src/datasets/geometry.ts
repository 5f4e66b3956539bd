// Resizes, crops and flips the label map, photo and instance map of a sample as upstream does (docs/upstream.md, Resizing). The crop
// position and the flip are drawn once per sample from (seed, epoch, index), so they do not depend on the order of
// reading.

import { pilBicubicResize, type RgbImage } from "../pictures/pil_bicubic.ts";
import { pilNearestResize } from "../pictures/pil_nearest.ts";
import type { LabelMap } from "../labels/label_map.ts";
import { roundHalfEven } from "../models/config.ts";
import { philox4x32 } from "../models/philox.ts";
import { SpadeError } from "../runtime/errors.ts";
import type { DataOptions } from "./options.ts";

export interface Size {
  width: number;
  height: number;
}

type SizeOptions = Pick<
  DataOptions,
  "preprocess_mode" | "load_size" | "crop_size" | "aspect_ratio" | "scale_shortside_as_published"
>;

/** Three uniform values in [0, 1): for the crop's x and y, and for the flip. */
export type Draw = readonly [x: number, y: number, flip: number];

/** Upper left corner of the crop in the resized picture, in pixels, and whether the result is mirrored. */
export interface Placement {
  x: number;
  y: number;
  flip: boolean;
}

/** Last word of the Philox counters for a data set's draws. Other uses of the same seed have other values here. */
const SAMPLES = 0x5a3e0001;
const ORDER = 0x5a3e0002;

const keyOf = (seed: number): [number, number] => [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];

/** Draws the random values for a sample in an epoch. */
export function drawOf(seed: number, epoch: number, index: number): Draw {
  const [x, y, flip] = philox4x32([index, epoch, 0, SAMPLES], keyOf(seed));
  return [x / 2 ** 32, y / 2 ** 32, flip / 2 ** 32];
}

/** A permutation of 0 .. n-1 (Fisher-Yates), determined by seed and epoch. */
export function shuffled(n: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  let words: readonly number[] = [];
  for (let i = n - 1, drawn = 0; i > 0; i--, drawn++) {
    if (drawn % 4 === 0) words = philox4x32([drawn / 4, epoch, 0, ORDER], keyOf(seed));
    const j = Math.floor((words[drawn % 4] / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Size after resizing, before any crop. Computed from each picture's own size, also within one sample. */
export function resizedSize(o: SizeOptions, { width, height }: Size): Size {
  const L = o.load_size;
  switch (o.preprocess_mode) {
    case "resize_and_crop":
      return { width: L, height: L };
    case "scale_width":
    case "scale_width_and_crop":
      return width === L ? { width, height } : { width: L, height: Math.floor((L * height) / width) };
    case "scale_shortside":
    case "scale_shortside_and_crop": {
      const [short, long] = [Math.min(width, height), Math.max(width, height)];
      if (short === L) return { width, height };
      const shortOut = o.scale_shortside_as_published ? short : L;
      const longOut = Math.floor((L * long) / short);
      return width === short ? { width: shortOut, height: longOut } : { width: longOut, height: shortOut };
    }
    case "fixed":
      return { width: o.crop_size, height: roundHalfEven(o.crop_size / o.aspect_ratio) };
    case "none":
      return { width: roundHalfEven(width / 32) * 32, height: roundHalfEven(height / 32) * 32 };
    case "crop":
      return { width, height };
  }
}

/** Whether a mode ends in a crop of crop_size x crop_size. */
export function crops(o: Pick<DataOptions, "preprocess_mode">): boolean {
  return o.preprocess_mode.endsWith("crop");
}

/** Size of every sample, or undefined if it depends on the file. */
export function fixedSize(o: SizeOptions): Size | undefined {
  if (crops(o)) return { width: o.crop_size, height: o.crop_size };
  return o.preprocess_mode === "fixed" ? resizedSize(o, { width: 1, height: 1 }) : undefined;
}

/** Converts a draw to pixels, for a sample whose label map has the size `label`. */
export function place(o: SizeOptions & Pick<DataOptions, "isTrain" | "no_flip">, draw: Draw, label: Size): Placement {
  const { width, height } = resizedSize(o, label);
  const within = (size: number, u: number): number => Math.floor(u * (Math.max(0, size - o.crop_size) + 1));
  return { x: within(width, draw[0]), y: within(height, draw[1]), flip: o.isTrain && !o.no_flip && draw[2] > 0.5 };
}

/**
 * Resizes (PIL nearest), crops and flips a label or instance map. Fills id 0 where the crop exceeds it. Returns a new
 * array.
 */
export function placeMap(map: LabelMap, o: SizeOptions, placement: Placement, name: string): LabelMap {
  const { width, height } = checked(resizedSize(o, map), o, map, name);
  const resized = pilNearestResize(map, width, height);
  const cropped = crops(o) ? cut(resized, o.crop_size, placement, 1) : resized;
  if (placement.flip) mirror(cropped, 1);
  return cropped;
}

/** Does the same for a photo with PIL bicubic; fills black where the crop exceeds it. */
export function placePhoto(photo: RgbImage, o: SizeOptions, placement: Placement, name: string): RgbImage {
  const { width, height } = checked(resizedSize(o, photo), o, photo, name);
  const resized = pilBicubicResize(photo, width, height);
  const cropped = crops(o) ? cut(resized, o.crop_size, placement, 3) : resized;
  if (placement.flip) mirror(cropped, 3);
  return cropped;
}

function checked(size: Size, o: SizeOptions, from: Size, name: string): Size {
  if (size.width > 0 && size.height > 0) return size;
  throw new SpadeError(
    "shape",
    name,
    `its ${from.width} x ${from.height} pixels become ${size.width} x ${size.height} under --preprocess_mode ${o.preprocess_mode}`,
    "use another mode, for example resize_and_crop, or leave the file out",
  );
}

type Values = Uint8Array | Uint8ClampedArray | Uint16Array | Int32Array;

function cut<T extends Values>(
  from: { data: T; width: number; height: number },
  size: number,
  { x, y }: Placement,
  channels: number,
): { data: T; width: number; height: number } {
  const data = new (from.data.constructor as new (length: number) => T)(size * size * channels);
  const columns = Math.min(size, from.width - x);
  for (let row = 0; row < Math.min(size, from.height - y); row++) {
    const start = ((y + row) * from.width + x) * channels;
    data.set(from.data.subarray(start, start + columns * channels), row * size * channels);
  }
  return { data, width: size, height: size };
}

function mirror({ data, width, height }: { data: Values; width: number; height: number }, channels: number): void {
  for (let row = 0; row < height; row++) {
    for (let left = 0, right = width - 1; left < right; left++, right--) {
      for (let c = 0; c < channels; c++) {
        const [a, b] = [(row * width + left) * channels + c, (row * width + right) * channels + c];
        [data[a], data[b]] = [data[b], data[a]];
      }
    }
  }
}
