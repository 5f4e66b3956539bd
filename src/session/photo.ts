// Photographs for the encoder.

import type { Picture } from "../painting/present/picture.ts";
import { normalized } from "../painting/encoder_runner.ts";
import { pilBicubicResize } from "../pictures/pil_bicubic.ts";
import { SpadeError } from "../runtime/errors.ts";

/** Resizes RGBA like the published loader (PIL, bicubic), and drops alpha. @returns [1,H,W,3] in [-1,1] @throws SpadeError usage */
export function photoValues(
  { data, width, height }: Pick<Picture, "width" | "height"> & { data: ArrayLike<number> },
  to: { width: number; height: number },
): Float32Array {
  if (!(width > 0 && height > 0 && data?.length === 4 * width * height))
    throw new SpadeError(
      "usage",
      "encode",
      "the photo is not { data: RGBA, width, height }",
      "give four bytes a pixel",
    );
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0, o = 0; i < data.length; i += 4) {
    rgb[o++] = data[i];
    rgb[o++] = data[i + 1];
    rgb[o++] = data[i + 2];
  }
  return normalized(pilBicubicResize({ data: rgb, width, height }, to.width, to.height).data);
}
