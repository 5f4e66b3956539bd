// Writes pictures with sharp: PNG, JPEG or WebP, by the file name's ending.

import { rename, rm } from "node:fs/promises";
import { extname } from "node:path";
import { loadSharp } from "../../formats/images/sharp.ts";
import { SpadeError } from "../../runtime/errors.ts";
import { fileError, makeFolderOf } from "../terminal/output.ts";

const FORMATS: Record<string, "png" | "jpeg" | "webp"> = {
  ".png": "png",
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".webp": "webp",
};

/** Fails with `usage` if the ending is not that of a format that we write. */
export function checkPicturePath(path: string): void {
  if (!FORMATS[extname(path).toLowerCase()])
    throw new SpadeError("usage", path, "has an ending that says no picture format", "end it in .png, .jpg or .webp");
}

/** Writes RGBA or RGB bytes to a temporary file and renames it, so that no half-written file is seen. Alpha is dropped. */
export async function writePicture(
  path: string,
  picture: { data: Uint8Array | Uint8ClampedArray; width: number; height: number },
): Promise<void> {
  checkPicturePath(path);
  const { data, width, height } = picture;
  const sharp = await loadSharp();
  const temporary = `${path}.${process.pid}.part`;
  await makeFolderOf(path);
  try {
    const image = sharp(data, {
      raw: { width, height, channels: (data.length / (width * height)) as 3 | 4 },
    }).removeAlpha();
    await image.toFormat(FORMATS[extname(path).toLowerCase()]).toFile(temporary);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(path, cause);
  }
}
