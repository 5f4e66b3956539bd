// Writes pictures with sharp: PNG, JPEG or WebP, by the file name's ending.

import { extname } from "node:path";
import { loadSharp } from "../../formats/images/sharp.ts";
import { SpadeError } from "../../runtime/errors.ts";
import type { Output, Outputs } from "../terminal/output.ts";

const FORMATS: Record<string, "png" | "jpeg" | "webp"> = {
  ".png": "png",
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".webp": "webp",
};

/** A picture's file with the format of its ending. Fails with `usage` where that is no format that we write. */
export function pictureOutput(path: string): Output & { kind: "png" | "jpeg" | "webp" } {
  const kind = FORMATS[extname(path).toLowerCase()];
  if (kind) return { path, kind };
  throw new SpadeError("usage", path, "has an ending that says no picture format", "end it in .png, .jpg or .webp");
}

/** Writes RGBA or RGB bytes to a temporary file and renames it, so that no half-written file is seen. Alpha is dropped. */
export async function writePicture(
  outputs: Outputs,
  path: string,
  picture: { data: Uint8Array | Uint8ClampedArray; width: number; height: number },
): Promise<void> {
  const output = pictureOutput(path);
  const { data, width, height } = picture;
  const sharp = await loadSharp();
  const image = sharp(data, {
    raw: { width, height, channels: (data.length / (width * height)) as 3 | 4 },
  }).removeAlpha();
  await outputs.write(output, await image.toFormat(output.kind).toBuffer());
}
