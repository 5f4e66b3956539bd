// Decodes the uncompressed formats in upstream's list of extensions that sharp does not read: PPM and PGM (binary, 8
// bits) and BMP (8-bit indexed, 24 and 32 bits). The files are untrusted, so sizes are checked against the actual byte
// count.

import { SpadeError } from "../../runtime/errors.ts";
import { checkPixels } from "./pixels.ts";
import type { RgbImage } from "../../pictures/pil_bicubic.ts";

const damaged = (name: string, problem: string): SpadeError =>
  new SpadeError("file", name, problem, "save or fetch it again");
const unsupported = (name: string, problem: string): SpadeError =>
  new SpadeError("unsupported", name, problem, "save it as PNG");

/** Decodes P5 (gray) and P6 (RGB) with a maximum value of 255. `name`: the file, for messages; `mostPixels`: see checkPixels. */
export function decodePpm(bytes: Uint8Array, name: string, mostPixels?: number): RgbImage {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 1024));
  const match = /^P([56])(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)\s/.exec(head);
  if (!match) {
    if (/^P[1-7]/.test(head)) throw unsupported(name, "is a PNM file other than binary PGM (P5) or PPM (P6)");
    throw damaged(name, "is not a PPM file");
  }
  const [width, height, most] = match.slice(2).map(Number);
  if (most !== 255) throw unsupported(name, `has a maximum of ${most}, where 255 is read`);
  const channels = match[1] === "6" ? 3 : 1;
  const samples = bytes.subarray(match[0].length, match[0].length + width * height * channels);
  if (width < 1 || height < 1 || samples.length < width * height * channels)
    throw damaged(name, `has ${samples.length} bytes for ${width} x ${height} pixels`);
  checkPixels(name, { width, height, bytes: bytes.length, kind: "photo" }, mostPixels);
  if (channels === 3) return { data: samples.slice(), width, height };
  const data = new Uint8Array(3 * width * height);
  for (let p = 0; p < samples.length; p++) data.fill(samples[p], 3 * p, 3 * p + 3);
  return { data, width, height };
}

/** Decodes an uncompressed BMP. `name` is the file name used in messages. */
export function decodeBmp(bytes: Uint8Array, name: string, mostPixels?: number): RgbImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 54 || view.getUint16(0) !== 0x424d) throw damaged(name, "is not a BMP file");
  const start = view.getUint32(10, true);
  const headerSize = view.getUint32(14, true);
  const [width, storedHeight] = [view.getInt32(18, true), view.getInt32(22, true)];
  const bits = view.getUint16(28, true);
  if (headerSize < 40 || view.getUint32(30, true) !== 0 || ![8, 24, 32].includes(bits))
    throw unsupported(name, "is a BMP that is compressed, or not of 8, 24 or 32 bits");
  // Rows are stored bottom to top, unless the height is negative.
  const height = Math.abs(storedHeight);
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (width < 1 || height < 1 || start + stride * height > bytes.length)
    throw damaged(name, `has ${bytes.length} bytes for ${width} x ${height} pixels`);
  checkPixels(name, { width, height, bytes: bytes.length, kind: "photo" }, mostPixels);
  const palette = 14 + headerSize;
  const colors = view.getUint32(46, true) || 256;
  if (bits === 8 && palette + 4 * colors > start) throw damaged(name, "has a palette that reaches into its pixels");
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    const row = start + stride * (storedHeight > 0 ? height - 1 - y : y);
    for (let x = 0; x < width; x++) {
      let at = row + (x * bits) / 8;
      if (bits === 8) {
        if (bytes[at] >= colors) throw damaged(name, `has the index ${bytes[at]} and a palette of ${colors} colours`);
        at = palette + 4 * bytes[at];
      }
      const to = 3 * (y * width + x);
      [data[to], data[to + 1], data[to + 2]] = [bytes[at + 2], bytes[at + 1], bytes[at]];
    }
  }
  return { data, width, height };
}
