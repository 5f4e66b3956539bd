// Reads photos like PIL's Image.open(...).convert("RGB"): stored pixels, without EXIF orientation, colour management or
// alpha. sharp decodes all formats except BMP, PPM and PGM.

import type { RgbImage } from "../pictures/pil_bicubic.ts";
import { decodeBmp, decodePpm } from "../formats/images/plain_pictures.ts";
import { loadSharp } from "../formats/images/sharp.ts";
import { checkPixels } from "../formats/images/pixels.ts";
import { checkPngData } from "../formats/images/label_png.ts";
import { SpadeError } from "../runtime/errors.ts";
import { readInput } from "./label_file.ts";
import { mostPixels } from "./pixel_limit.ts";

/** Pictures of pixels; sharp would draw an SVG or a PDF, which may refer to other files. */
const FORMATS: ReadonlySet<string> = new Set(["jpeg", "png", "webp", "tiff", "gif", "heif"]);

/** Pixels of a picture that takes little memory, damaged or not. */
const LARGE = 1 << 22;
/** The marker of a JPEG's scan, behind FF. */
const SCAN = 0xda;
const END_OF_JPEG = Buffer.from([0xff, 0xd9]);

type Sharp = Awaited<ReturnType<typeof loadSharp>>;

export interface Photo extends RgbImage {
  /** The stored kind of pixels, for reports: "RGB", "gray, 16 bits", "CMYK" ... */
  stored: string;
  /** Whether the EXIF orientation is other than upright. */
  turned: boolean;
}

/**
 * Reads a photo. Fails with `file` if it is missing or can't be decoded, `unsupported` on some PNM and BMP variants or
 * if sharp is missing.
 */
export async function readPhoto(path: string): Promise<Photo> {
  const bytes = await readInput(path);
  if (bytes.length === 0) throw new SpadeError("file", path, "is empty", "save or fetch the photo again");
  const most = mostPixels();
  // Detect the format from the content, not the file name, as PIL does.
  if (bytes[0] === 0x42 && bytes[1] === 0x4d) return { ...decodeBmp(bytes, path, most), stored: "RGB", turned: false };
  if (bytes[0] === 0x50 && bytes[1] >= 0x31 && bytes[1] <= 0x37)
    return { ...decodePpm(bytes, path, most), stored: "RGB", turned: false };
  const sharp = await loadSharp();
  try {
    // As in PIL, libjpeg warnings are ignored, but a truncated file is an error.
    // The limit of pixels is ours: sharp's own message does not say how to raise it.
    const image = sharp(bytes, { failOn: "error", ignoreIcc: true, limitInputPixels: false });
    const {
      format,
      width,
      height,
      space,
      channels,
      depth,
      isPalette,
      isProgressive = false,
      orientation = 1,
    } = await image.metadata();
    if (!FORMATS.has(format)) throw new Error(`it is ${format}, not JPEG, PNG, WebP, TIFF, GIF or AVIF`);
    // deflate shrinks a picture of one colour as it shrinks a label map, and large PNGs are checked for completeness first.
    checkPixels(path, { width, height, bytes: bytes.length, kind: format === "png" ? "labels" : "photo" }, most);
    if (width * height > LARGE) await checkWhole(sharp, bytes, path, { format, interlaced: isProgressive });
    const turned = orientation > 1;
    if (space === "cmyk") {
      image.pipelineColourspace("cmyk").toColourspace("cmyk");
      const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
      return { data: fromCmyk(data), width: info.width, height: info.height, stored: "CMYK", turned };
    }
    // PIL clips 16-bit gray to 255, but takes the high byte of 16-bit colours.
    const wide = depth === "ushort";
    const wideGray = wide && channels <= 2;
    if (wideGray) image.toColourspace("grey16");
    const { data, info } = await image
      .raw({ depth: wideGray ? "ushort" : "uchar" })
      .toBuffer({ resolveWithObject: true });
    const samples = wideGray ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data;
    const stored = `${isPalette ? "palette" : ["", "gray", "gray with alpha", "RGB", "RGBA"][channels]}${wide ? ", 16 bits" : ""}`;
    return { data: toRgb(samples, info.channels), width: info.width, height: info.height, stored, turned };
  } catch (cause) {
    if (cause instanceof SpadeError) throw cause;
    const reason = (cause as Error).message.split("\n")[0];
    throw new SpadeError("file", path, `can't be decoded (${reason})`, "save or fetch the photo again", cause);
  }
}

/**
 * Checks that a large picture is all there before the decoder makes room for all its pixels. Where the decoder needs them
 * all at once (interlaced), the data is checked without it.
 */
async function checkWhole(
  sharp: Sharp,
  bytes: Buffer,
  path: string,
  { format, interlaced }: { format: string; interlaced: boolean },
): Promise<void> {
  if (format === "jpeg") {
    // Before the first scan there are segments with their lengths; within one, FF is followed by 0 or the number of a
    // restart, so that FF D9 is the end of the picture.
    let at = 2;
    while (at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== SCAN) at += 2 + bytes.readUInt16BE(at + 2);
    if (bytes.lastIndexOf(END_OF_JPEG) > at || (bytes[at] !== 0xff && at < bytes.length)) return;
    throw new SpadeError("file", path, "can't be decoded (its JPEG data is cut off)", "save or fetch the photo again");
  }
  if (format === "png" && interlaced) return checkPngData(bytes, path);
  if (format !== "png" && format !== "tiff") return;
  // One row after the other, none kept.
  await sharp(bytes, { failOn: "error", ignoreIcc: true, limitInputPixels: false, sequentialRead: true })
    .resize(1, 1, { fit: "fill" })
    .raw()
    .toBuffer();
}

/** Converts to RGB: copies gray to three channels, drops alpha, and clips values to 255. */
function toRgb(samples: Uint8Array | Uint16Array, channels: number): Uint8Array {
  if (channels === 3 && samples instanceof Uint8Array)
    return new Uint8Array(samples.buffer, samples.byteOffset, samples.length);
  const pixels = samples.length / channels;
  const colour = channels >= 3;
  const out = new Uint8Array(3 * pixels);
  for (let p = 0; p < pixels; p++) {
    for (let c = 0; c < 3; c++) out[3 * p + c] = Math.min(255, samples[channels * p + (colour ? c : 0)]);
  }
  return out;
}

/** Converts CMYK to RGB with PIL's formula, about (255 - K) * (1 - ink / 255) per channel. */
function fromCmyk(inks: Uint8Array): Uint8Array {
  const out = new Uint8Array((3 * inks.length) / 4);
  for (let p = 0; p < inks.length / 4; p++) {
    const light = 255 - inks[4 * p + 3];
    for (let c = 0; c < 3; c++) {
      const product = inks[4 * p + c] * light + 128;
      out[3 * p + c] = Math.max(0, light - ((product + (product >> 8)) >> 8));
    }
  }
  return out;
}
