// Windows of codes without a dictionary, one per pixel; fc of a net without VAE reads them.

import { OUTSIDE_CODE } from "../runtime/tensor.ts";

/** Every pixel's 3x3 window of codes, in raster order: [N*h*w, 9], OUTSIDE_CODE outside. */
export function pixelWindows(codes: Int32Array, images: number, h: number, w: number): Int32Array {
  const out = new Int32Array(images * h * w * 9);
  let at = 0;
  for (let n = 0; n < images; n++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        for (let dy = -1; dy <= 1; dy++)
          for (let dx = -1; dx <= 1; dx++) {
            const inside = y + dy >= 0 && y + dy < h && x + dx >= 0 && x + dx < w;
            out[at++] = inside ? codes[(n * h + y + dy) * w + x + dx] : OUTSIDE_CODE;
          }
  return out;
}
