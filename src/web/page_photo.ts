// Photographs in a page, of everything that a browser can draw.

import type { Photo, Pixels } from "../session/host.ts";
import { foreign, SpadeError } from "../runtime/errors.ts";
import { polite } from "../runtime/yield.ts";

/** Larger photos are first reduced by the browser: the exact resize runs on the page's thread. */
const MOST_SIDE = 2048;
/** Rows that are drawn and read at once. */
const BAND = 256;

/** A photo as it is at the call. @param call in messages @throws SpadeError usage: it can't be drawn */
export async function bitmapOf(photo: Photo, call: string): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(photo as ImageBitmapSource);
  } catch (cause) {
    throw new SpadeError(
      "usage",
      call,
      `the photo can't be drawn (${foreign((cause as Error).message)})`,
      "give an image, canvas, ImageData, or a Blob of a JPEG or PNG file",
      cause,
    );
  }
}

/** See Host.readPhoto. It is drawn and read in bands, between which the page's frames are drawn. */
export async function readPagePhoto(photo: Photo, call: string): Promise<Pixels> {
  const whole = await bitmapOf(photo, call);
  const breathe = polite();
  const scale = Math.min(1, MOST_SIDE / Math.max(whole.width, whole.height));
  const [width, height] = [Math.ceil(whole.width * scale), Math.ceil(whole.height * scale)];
  const data = new Uint8ClampedArray(4 * width * height);
  const context = new OffscreenCanvas(width, BAND).getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  context.globalCompositeOperation = "copy";
  for (let y = 0; y < height; y += BAND) {
    const rows = Math.min(BAND, height - y);
    context.drawImage(whole, 0, y / scale, whole.width, rows / scale, 0, 0, width, rows);
    data.set(context.getImageData(0, 0, width, rows).data, 4 * width * y);
    await breathe();
  }
  whole.close();
  return { data, width, height };
}
