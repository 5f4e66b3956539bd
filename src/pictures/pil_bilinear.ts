// Bilinear resizing like PIL's BILINEAR: pixel centres at half integers, and a triangle filter that widens when a picture shrinks, so
// that every pixel counts. Along rows first, then columns. bilinearResize computes in float; PIL, and pilBilinearResize, round to bytes after
// each pass.

import { pilResize, type Filter, type RgbImage } from "./pil_bicubic.ts";

/** RGB, three values per pixel. */
export interface Pixels {
  readonly data: Uint8Array | Float32Array;
  readonly width: number;
  readonly height: number;
}

interface Taps {
  /** The first source pixel of each output pixel. */
  readonly from: Int32Array;
  /** Weights, `width` per output pixel; unused ones are 0. */
  readonly weights: Float32Array;
  readonly width: number;
}

function triangle(size: number, out: number): Taps {
  const step = size / out;
  const reach = Math.max(step, 1);
  const width = Math.min(size, 2 * Math.ceil(reach) + 1);
  const from = new Int32Array(out);
  const weights = new Float32Array(out * width);
  for (let i = 0; i < out; i++) {
    const centre = (i + 0.5) * step;
    const first = Math.min(Math.max(0, Math.floor(centre - reach + 0.5)), size - width);
    const row = Float64Array.from({ length: width }, (_, t) =>
      Math.max(0, 1 - Math.abs(first + t + 0.5 - centre) / reach),
    );
    const sum = row.reduce((a, b) => a + b);
    from[i] = first;
    weights.set(
      row.map((v) => v / sum),
      i * width,
    );
  }
  return { from, weights, width };
}

/** The resized picture [height,width,3], in the input's range. */
export function bilinearResize(picture: Pixels, width: number, height: number): Float32Array {
  const { data, width: w, height: h } = picture;
  if (w === width && h === height) return Float32Array.from(data);
  const across = triangle(w, width);
  const narrow = new Float32Array(h * width * 3);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < width; x++)
      for (let t = 0; t < across.width; t++) {
        const weight = across.weights[x * across.width + t];
        const at = 3 * (y * w + across.from[x] + t);
        for (let c = 0; c < 3; c++) narrow[3 * (y * width + x) + c] += weight * data[at + c];
      }
  const down = triangle(h, height);
  const out = new Float32Array(height * width * 3);
  for (let y = 0; y < height; y++)
    for (let t = 0; t < down.width; t++) {
      const weight = down.weights[y * down.width + t];
      const at = 3 * width * (down.from[y] + t);
      if (weight) for (let i = 0; i < 3 * width; i++) out[3 * width * y + i] += weight * narrow[at + i];
    }
  return out;
}

const TRIANGLE: Filter = [1, (distance) => Math.max(0, 1 - Math.abs(distance))];

/** Image.resize(BILINEAR) of 8-bit RGB, equal to PIL bit for bit. Sizes as for pilResize. */
export const pilBilinearResize = (image: RgbImage, outWidth: number, outHeight: number): RgbImage =>
  pilResize(image, outWidth, outHeight, TRIANGLE);
