// PIL's Image.resize(LANCZOS) of 8-bit RGB: the sharpest of its filters, for pictures that are enlarged.

import { pilResize, type Filter, type RgbImage } from "./pil_bicubic.ts";

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));
const LANCZOS: Filter = [3, (distance) => (distance >= -3 && distance < 3 ? sinc(distance) * sinc(distance / 3) : 0)];

/** Sizes as for pilResize. */
export const pilLanczosResize = (image: RgbImage, outWidth: number, outHeight: number): RgbImage =>
  pilResize(image, outWidth, outHeight, LANCZOS);
