// Photographs for nets.

import { normalized } from "../painting/encoder_runner.ts";
import { pilBicubicResize, type RgbImage } from "../pictures/pil_bicubic.ts";
import { SpadeError } from "../runtime/errors.ts";
import type { Photo, Pixels } from "./host.ts";

/** A copy of a photo that is pixels. @param call in messages @throws SpadeError usage: it is none */
export function checkedPixels(photo: Photo, call: string): Pixels {
  const { data, width, height } = (photo ?? {}) as Pixels;
  if (!(width > 0 && height > 0 && data?.length === 4 * width * height))
    throw new SpadeError("usage", call, "the photo is not { data: RGBA, width, height }", "give four bytes a pixel");
  return { data: Uint8ClampedArray.from(data), width, height };
}

/** The RGB of some rows, without alpha. */
export function rgbOf({ data, width, height }: Pixels, from = 0, to = height): RgbImage {
  const rgb = new Uint8Array(3 * width * (to - from));
  for (let i = 4 * width * from, o = 0; o < rgb.length; i += 4) {
    rgb[o++] = data[i];
    rgb[o++] = data[i + 1];
    rgb[o++] = data[i + 2];
  }
  return { data: rgb, width, height: to - from };
}

/** Resizes a photo like the published loader (PIL, bicubic). @returns [1,H,W,3] in [-1,1] */
export const photoValues = (photo: Pixels, to: { width: number; height: number }): Float32Array =>
  normalized(pilBicubicResize(rgbOf(photo), to.width, to.height).data);
