// Converts a net's output to RGBA bytes for callers.

import { rgbByte } from "../pictures/rgb_byte.ts";
import { SpadeError } from "../runtime/errors.ts";

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
      if (Number.isNaN(value)) {
        const at = `pixel (x ${i % width}, y ${Math.floor(i / width)})`;
        throw new SpadeError(
          "integrity",
          "picture",
          `${at} is NaN: weights or sums are NaN or Inf`,
          'load with dtype "f32", where less overflows; else train or convert again',
        );
      }
      data[4 * i + c] = rgbByte(value);
    }
  }
  return typeof ImageData === "function"
    ? (new ImageData(data, width, height) as Picture)
    : { data, width, height, colorSpace: "srgb" };
}
