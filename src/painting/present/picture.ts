// Pictures for callers: RGBA bytes.

import { rgbByte } from "../../pictures/rgb_byte.ts";
import { SpadeError } from "../../runtime/errors.ts";

/** The result of `generate` in Node, which has no ImageData: an object of its shape. */
export interface Picture {
  /** RGBA, four bytes a pixel, the top row first; alpha is 255. */
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  readonly colorSpace: "srgb";
}

/** Converts [H,W,3] in [-1,1] to RGBA bytes, truncated like the published tensor2im. @throws SpadeError integrity: a value is NaN */
export function toPicture(image: Float32Array, width: number, height: number): Picture {
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) {
      const value = image[3 * i + c];
      if (Number.isNaN(value)) throw notANumber(i, width);
      data[4 * i + c] = rgbByte(value);
    }
  }
  return pictureOf(data, width, height);
}

/** A picture of bytes in ImageData's order. */
export function pictureOf(data: Uint8ClampedArray<ArrayBuffer>, width: number, height: number): Picture {
  return typeof ImageData === "function"
    ? (new ImageData(data, width, height) as Picture)
    : { data, width, height, colorSpace: "srgb" };
}

/** The error of a picture with NaN at pixel `i`. */
export const notANumber = (i: number, width: number): SpadeError =>
  new SpadeError(
    "integrity",
    "picture",
    `pixel (x ${i % width}, y ${Math.floor(i / width)}) is NaN: weights or sums are NaN or Inf`,
    'load with dtype "f32", where less overflows; else train or convert again',
  );
