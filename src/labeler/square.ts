// Photos in the size of the net's input, made in steps between which a page's frames are drawn.

import type { RgbImage } from "../pictures/pil_bicubic.ts";
import { pilBilinearResize } from "../pictures/pil_bilinear.ts";
import { polite } from "../runtime/yield.ts";
import type { Pixels } from "../session/host.ts";
import { rgbOf } from "../session/photo.ts";

/** Pixels between two looks at the clock, roughly. */
const STEP = 1 << 16;

/** pilBilinearResize of a photo to size x size: the same bytes. */
export async function square(photo: Pixels, size: number): Promise<RgbImage> {
  const { width, height } = photo;
  const breathe = polite();
  const narrow = new Uint8Array(3 * size * height);
  const rows = Math.ceil(STEP / width);
  for (let y = 0; y < height; y += rows) {
    const strip = rgbOf(photo, y, Math.min(y + rows, height));
    narrow.set(pilBilinearResize(strip, size, strip.height).data, 3 * size * y);
    await breathe();
  }
  return pilBilinearResize({ data: narrow, width: size, height }, size, size);
}
