// Reads and writes label maps as PNG. The ids are the stored numbers (palette indices or gray samples); an image
// library or a canvas would apply the palette, gamma and colour profile to them. fast-png decodes. We walk the chunks
// first, to reject a size that the file cannot hold before allocating for it, and to pass on only the chunks that we
// need.

import { decode } from "fast-png";
import type { BitDepth, DecodedPng } from "fast-png";
import { Unzlib } from "fflate";

import { SpadeError } from "../../runtime/errors.ts";
import { crc32 } from "../crc.ts";
import { checkPixels } from "./pixels.ts";
import { concat } from "../tensors.ts";
import { SIGNATURE, writePng } from "./png_write.ts";

export interface LabelPng {
  /** One number per pixel, row by row: the stored gray value or palette index; for RGB the red value (GauGAN's id). */
  data: Uint8Array | Uint16Array;
  width: number;
  height: number;
  kind: "gray" | "indexed" | "rgb";
  /** For "gray" of less than 8 bits: the sample that is shown as white (1, 3 or 15). */
  white?: number;
  /** For "indexed" only: red, green and blue of each index. */
  palette?: [number, number, number][];
  /** For "rgb" only: three bytes per pixel. */
  rgb?: Uint8Array;
}

/**
 * Decodes a PNG of label ids: gray of 1 to 16 bits (samples as stored, never scaled to 255), indexed, or RGB of 8 bits.
 * Drops an alpha channel. Fails with `file` if the bytes are damaged or are not a PNG, and with `unsupported` on 16-bit
 * colour and on interlaced samples below 8 bits. `name`: the file, for messages; `most`: see checkPixels.
 */
export function decodeLabelPng(bytes: Uint8Array, name = "label map", most?: number): LabelPng {
  const head = readHeader(bytes, name, most);
  const { width, height, depth, channels } = head;
  let png: DecodedPng;
  try {
    png = decode(head.essential);
  } catch (error) {
    throw damaged(name, `its PNG data is damaged (${(error as Error).message.split("\n")[0]})`);
  }
  if (png.width !== width || png.height !== height) throw damaged(name, "its PNG header comes twice");
  if (channels >= 3) {
    const rgb = new Uint8Array(width * height * 3);
    const ids = new Uint8Array(width * height);
    for (let p = 0; p < ids.length; p++) {
      for (let c = 0; c < 3; c++) rgb[3 * p + c] = png.data[channels * p + c];
      ids[p] = rgb[3 * p];
    }
    return { data: ids, width, height, kind: "rgb", rgb };
  }
  const samples =
    depth < 8 ? unpack(png.data as Uint8Array, width, height, depth) : (png.data as Uint8Array | Uint16Array);
  const data = channels === 2 ? samples.filter((_, i) => i % 2 === 0) : samples;
  if (!head.indexed) return { data, width, height, kind: "gray", ...(depth < 8 ? { white: 2 ** depth - 1 } : {}) };
  const palette = (png.palette ?? []).map(([r, g, b]): [number, number, number] => [r, g, b]);
  if (palette.length === 0) throw damaged(name, "is indexed and has no palette");
  return { data, width, height, kind: "indexed", palette };
}

/**
 * Encodes ids as PNG: gray of 8 or 16 bits depending on the array's type, or indexed with `palette` (at most 256
 * colours, 8-bit ids). Fails with `usage` if the data does not match the size, or the ids do not match the palette.
 */
export function encodeLabelPng(
  map: { data: Uint8Array | Uint8ClampedArray | Uint16Array; width: number; height: number },
  palette?: readonly (readonly [number, number, number])[],
): Uint8Array {
  const { data, width, height } = map;
  const wrong = (problem: string, fix: string): SpadeError => new SpadeError("usage", "encodeLabelPng", problem, fix);
  if (!(width > 0) || !(height > 0) || data.length !== width * height) {
    throw wrong(`${data.length} ids for ${width}x${height}`, "give one id a pixel");
  }
  const is16 = data instanceof Uint16Array;
  if (!palette) return writePng(map, "gray");
  if (is16 || palette.length === 0 || palette.length > 256) {
    throw wrong(
      `a palette of ${palette.length} colours for ${is16 ? 16 : 8}-bit ids`,
      "give 8-bit ids and 1 to 256 colours, or leave the palette out",
    );
  }
  const beyond = data.findIndex((id) => id >= palette.length);
  if (beyond >= 0)
    throw wrong(`id ${data[beyond]} and a palette of ${palette.length} colours`, "give a colour for every id");
  return writePng(map, palette);
}

interface Header {
  width: number;
  height: number;
  depth: BitDepth;
  channels: number;
  indexed: boolean;
  /** The file without ancillary chunks, because an embedded profile or text chunk may hold any bytes. */
  essential: Uint8Array;
}

const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const DEPTHS: Record<number, number[]> = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };

function readHeader(bytes: Uint8Array, name: string, mostPixels: number | undefined): Header {
  if (bytes.length === 0) throw damaged(name, "is empty");
  if (!SIGNATURE.every((b, i) => bytes[i] === b)) {
    const jpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
    const problem = jpeg ? "is a JPEG, whose compression changes label ids" : "is not a PNG";
    throw new SpadeError("file", name, problem, "give the label map as PNG, gray or indexed, one id a pixel");
  }
  const { kept, compressed } = walkChunks(bytes, name);
  const head = sizesOf(bytes, name);
  const { width, height, depth, type, interlace, channels } = head;
  checkPixels(name, { width, height, bytes: bytes.length, kind: "labels" }, mostPixels);
  const unsupported = (problem: string): SpadeError =>
    new SpadeError("unsupported", name, problem, "save it as an 8-bit gray or indexed PNG without interlacing");
  if (channels >= 3 && depth === 16) throw unsupported("has colours of 16 bits");
  if (depth < 8 && interlace !== 0) throw unsupported(`is interlaced with samples of ${depth} bits`);

  checkSizes(bytes, kept, compressed, head, name);
  return {
    width,
    height,
    depth: depth as BitDepth,
    channels,
    indexed: type === 3,
    essential: concat(kept.map(([from, end]) => bytes.subarray(from, end))),
  };
}

/** The fields of a PNG's header, whose chunk has been checked. */
function sizesOf(bytes: Uint8Array, name: string) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, type, , , interlace] = bytes.subarray(24, 29);
  if (width === 0 || height === 0 || !CHANNELS[type] || !DEPTHS[type].includes(depth))
    throw damaged(name, "has an invalid PNG header");
  return { width, height, depth, type, interlace, channels: CHANNELS[type] };
}

/** Checks that the data of a PNG of any kind is whole and has its size, in little memory. Fails with `file`. */
export function checkPngData(bytes: Uint8Array, name: string): void {
  const { kept, compressed } = walkChunks(bytes, name);
  checkSizes(bytes, kept, compressed, sizesOf(bytes, name), name);
}

function checkSizes(
  bytes: Uint8Array,
  kept: [number, number][],
  compressed: number,
  { width, height, depth, interlace, channels }: ReturnType<typeof sizesOf>,
  name: string,
): void {
  // Deflate compresses by a factor of at most 1032 and expands data only slightly. Other sizes are false.
  const raw = height * (1 + Math.ceil((width * channels * depth) / 8));
  if (raw > 1032 * compressed + 64)
    throw damaged(name, `claims ${width}x${height} pixels and has ${compressed} bytes of them`);
  if (compressed > 2 * raw + 65536) throw damaged(name, `has ${compressed} bytes for ${width}x${height} pixels`);
  const size = interlace ? interlacedSize(width, height, channels * depth) : raw;
  if (1032 * compressed > UNCHECKED) checkData(bytes, kept, { size, row: interlace ? size : raw / height }, name);
}

/** Finds the byte ranges of the chunks that we keep, and the number of compressed bytes in the IDAT chunks. */
function walkChunks(bytes: Uint8Array, name: string): { kept: [number, number][]; compressed: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept: [number, number][] = [[0, 8]];
  let compressed = 0;
  for (let at = 8; ;) {
    if (at + 12 > bytes.length) throw damaged(name, `is a PNG cut off at byte ${bytes.length}`);
    const length = view.getUint32(at);
    const end = at + 12 + length;
    if (end > bytes.length) throw damaged(name, `is a PNG cut off at byte ${bytes.length}`);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at === 8 && (type !== "IHDR" || length !== 13)) throw damaged(name, "has no PNG header");
    if (["IHDR", "PLTE", "IDAT", "IEND"].includes(type)) {
      if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4))
        throw damaged(name, `its PNG data is damaged (the checksum of its ${type} chunk is another)`);
      kept.push([at, end]);
    }
    if (type === "IDAT") compressed += length;
    if (type === "IEND") return { kept, compressed };
    at = end;
  }
}

/** The decoder inflates everything at once. Data that may become larger than this is first inflated in pieces, and not kept. */
const UNCHECKED = 32 << 20;
const PIECE = 1 << 14;

/** Bytes of an interlaced picture: seven pictures of every 8th, 4th or 2nd pixel, each row of each behind its filter. */
function interlacedSize(width: number, height: number, bits: number): number {
  const parts = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]]; // prettier-ignore
  return parts.reduce((n, [x, y, dx, dy]) => {
    const [w, h] = [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)];
    return w > 0 && h > 0 ? n + h * (1 + Math.ceil((w * bits) / 8)) : n;
  }, 0);
}

/** Checks that the data inflates to `size` bytes, in rows of `row` bytes that begin with one of PNG's filters. */
function checkData(
  bytes: Uint8Array,
  kept: [number, number][],
  { size: wanted, row }: { size: number; row: number },
  name: string,
): void {
  const wrong = (problem: string): SpadeError => damaged(name, `its PNG data is damaged (${problem})`);
  let size = 0;
  const inflate = new Unzlib((piece) => {
    for (let at = (row - (size % row)) % row; at < piece.length; at += row)
      if (piece[at] > 4) throw wrong("an unknown filter");
    size += piece.length;
    if (size > wanted) throw wrong(`more than the ${wanted} bytes of its pixels`);
  });
  try {
    for (const [from, end] of kept) {
      if (String.fromCharCode(...bytes.subarray(from + 4, from + 8)) !== "IDAT") continue;
      for (let at = from + 8; at < end - 4; at += PIECE)
        inflate.push(bytes.subarray(at, Math.min(at + PIECE, end - 4)));
    }
  } catch (error) {
    if (error instanceof SpadeError) throw error;
    throw wrong((error as Error).message);
  }
  if (size < wanted) throw wrong(`${size} of the ${wanted} bytes of its pixels`);
}

/**
 * Unpacks samples of 1, 2 or 4 bits to one per byte. Samples are packed high bits first; each row starts a new byte.
 */
function unpack(packed: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const out = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * depth) / 8);
  const mask = (1 << depth) - 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      out[y * width + x] = (packed[y * rowBytes + (bit >> 3)] >> (8 - depth - (bit & 7))) & mask;
    }
  }
  return out;
}

function damaged(name: string, problem: string): SpadeError {
  return new SpadeError("file", name, problem, "save or fetch the PNG again");
}
