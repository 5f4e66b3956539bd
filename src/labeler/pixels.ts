// A labeler's loops over pixels, in steps between which the page's frames are drawn.

import type { RgbImage } from "../pictures/pil_bicubic.ts";
import { pilBilinearResize } from "../pictures/pil_bilinear.ts";
import { polite } from "../runtime/yield.ts";
import type { Segmented } from "../segmenting/segmenter_runner.ts";
import type { LabelMap } from "../session/api.ts";
import type { Pixels } from "../session/host.ts";
import { rgbOf } from "../session/photo.ts";
import type { Wanted } from "./checks.ts";

/** About as many values are computed between two looks at the clock. */
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

/** The labels of a photo's classes. */
export async function labelled(
  { classes, confidence }: Segmented,
  { labels, unknown, width, height, minConfidence }: Wanted,
): Promise<LabelMap & { confidence: Float32Array }> {
  const breathe = polite();
  const isWide = unknown > 255 || labels.some((id) => id > 255);
  const data = new (isWide ? Uint16Array : Uint8Array)(classes.length);
  for (let from = 0; from < data.length; from += STEP) {
    const to = Math.min(from + STEP, data.length);
    for (let p = from; p < to; p++) data[p] = confidence[p] < minConfidence ? unknown : labels[classes[p]];
    await breathe();
  }
  return { data, width, height, confidence };
}
