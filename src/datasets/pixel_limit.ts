// SPADE_MAX_PIXELS: how many pixels a label map, instance map or photo may have.

import { MOST_PIXELS } from "../formats/images/pixels.ts";
import { SpadeError } from "../runtime/errors.ts";

/** The limit for every picture that is read. Fails with `usage` if the variable is not a whole number above 0. */
export function mostPixels(env: Readonly<Record<string, string | undefined>> = process.env): number {
  const text = env.SPADE_MAX_PIXELS;
  if (text === undefined || text === "") return MOST_PIXELS;
  const pixels = Number(text);
  if (Number.isSafeInteger(pixels) && pixels > 0) return pixels;
  throw new SpadeError("usage", "SPADE_MAX_PIXELS", `is "${text}"`, "give a number of pixels, for example 400000000");
}
