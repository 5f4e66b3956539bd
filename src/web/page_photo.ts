// Photographs in a page, of everything that a browser can draw.

import type { Photo, Pixels } from "../session/host.ts";
import { foreign, SpadeError } from "../runtime/errors.ts";

/** Larger photos are first reduced by the browser: the exact resize runs on the page's thread. */
const MOST_SIDE = 2048;

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

/** See Host.readPhoto. */
export async function readPagePhoto(photo: Photo, call: string): Promise<Pixels> {
  const whole = await bitmapOf(photo, call);
  const scale = Math.min(1, MOST_SIDE / Math.max(whole.width, whole.height));
  const canvas = new OffscreenCanvas(Math.ceil(whole.width * scale), Math.ceil(whole.height * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  context.drawImage(whole, 0, 0, canvas.width, canvas.height);
  whole.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}
