// How many pixels a picture may have: decoders hold several bytes for each, whatever the file's own size.

import { SpadeError } from "../../runtime/errors.ts";

/** 64 megapixels: 8192 x 8192, far above any label map or photo of a data set. */
export const MOST_PIXELS = 1 << 26;

/** A picture of so many pixels may have any file size. */
const SMALL = 1 << 22;
/** Pixels for each byte of a larger file: a label map of one label has a thousand, a photo at the lowest quality less than a hundred. */
const PER_BYTE = { labels: 2048, photo: 256 };

/**
 * Checks the size that the header of a file of `bytes` bytes claims, before anything is decoded.
 * @param most pixels that may be decoded
 * @throws SpadeError file: more than that, or more than such a file can hold
 */
export function checkPixels(
  name: string,
  { width, height, bytes, kind }: { width: number; height: number; bytes: number; kind: "labels" | "photo" },
  most = MOST_PIXELS,
): void {
  const pixels = width * height;
  if (pixels > SMALL && pixels > PER_BYTE[kind] * bytes)
    throw new SpadeError(
      "file",
      name,
      `claims ${width}x${height} pixels and has ${bytes} bytes`,
      "save or fetch the picture again",
    );
  if (pixels > most)
    throw new SpadeError(
      "file",
      name,
      `has ${width}x${height} pixels, and pictures of up to ${most} are read`,
      `make it smaller, or raise the limit: set SPADE_MAX_PIXELS=${pixels} before the command`,
    );
}
