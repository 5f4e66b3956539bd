// PNG files of pictures, with texts in them. labels.js reads and writes maps; this is for RGB pictures, which it does not write.

import { through } from "./code.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** RGBA, four bytes a pixel, the top row first. */
export interface Pixels {
  readonly data: Uint8ClampedArray | Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * An opaque picture as a PNG of RGB.
 * @param texts keyword (1 to 79 characters of Latin-1) to text (Latin-1), in tEXt chunks before the picture
 */
export async function encodePicture(picture: Pixels, texts: Readonly<Record<string, string>>): Promise<Blob> {
  const { width, height } = picture;
  const data = await through(filtered(picture), new CompressionStream("deflate"));
  const head = new Uint8Array(13);
  const view = new DataView(head.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  // Eight bits a sample, RGB.
  head.set([8, 2], 8);
  const parts = [
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", head),
    ...Object.entries(texts).map(([keyword, text]) => chunk("tEXt", latin(`${keyword}\0${text}`))),
    chunk("IDAT", data),
    chunk("IEND", new Uint8Array(0)),
  ];
  return new Blob(parts, { type: "image/png" });
}

/** The text of a keyword in a PNG; undefined where there is none, or no PNG. The picture itself is not read. */
export function textOf(png: Uint8Array, keyword: string): string | undefined {
  if (!isPng(png)) return undefined;
  const view = new DataView(png.buffer, png.byteOffset, png.length);
  for (let at = 8; at + 12 <= png.length;) {
    const length = view.getUint32(at);
    const end = at + 8 + length;
    if (end + 4 > png.length) return undefined;
    const text = string(png.subarray(at + 4, at + 8)) === "tEXt" ? string(png.subarray(at + 8, end)) : "";
    if (text.startsWith(`${keyword}\0`)) {
      // Damaged on its way.
      if (view.getUint32(end) !== crc32(png.subarray(at + 4, end))) return undefined;
      return text.slice(keyword.length + 1);
    }
    at = end + 4;
  }
  return undefined;
}

export const isPng = (bytes: Uint8Array): boolean => SIGNATURE.every((byte, i) => bytes[i] === byte);

/** Gray, RGB, indexed, gray with alpha, RGB with alpha: the colour type of a PNG's header. */
export const colorType = (png: Uint8Array): 0 | 2 | 3 | 4 | 6 => png[25] as 0 | 2 | 3 | 4 | 6;

/** RGB rows, each with the filter whose result is nearest to zero, as the PNG specification advises. */
function filtered({ data, width, height }: Pixels): Uint8Array {
  const row = 3 * width;
  const out = new Uint8Array(height * (row + 1));
  let above = new Uint8Array(row);
  let line = new Uint8Array(row);
  const tried = Array.from({ length: 5 }, () => new Uint8Array(row));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) for (let c = 0; c < 3; c++) line[3 * x + c] = data[4 * (y * width + x) + c];
    const sums = [0, 0, 0, 0, 0];
    for (let i = 0; i < row; i++) {
      const [a, b, c] = [i < 3 ? 0 : line[i - 3], above[i], i < 3 ? 0 : above[i - 3]];
      const guesses = [0, a, b, (a + b) >> 1, paeth(a, b, c)];
      for (let f = 0; f < 5; f++) {
        const v = (line[i] - guesses[f]) & 255;
        tried[f][i] = v;
        sums[f] += v < 128 ? v : 256 - v;
      }
    }
    const best = sums.indexOf(Math.min(...sums));
    out[y * (row + 1)] = best;
    out.set(tried[best], y * (row + 1) + 1);
    [above, line] = [line, above];
  }
  return out;
}

function paeth(a: number, b: number, c: number): number {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

function chunk(type: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(data.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(latin(type), 4);
  bytes.set(data, 8);
  view.setUint32(data.length + 8, crc32(bytes.subarray(4, data.length + 8)));
  return bytes;
}

const latin = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

function string(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return text;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const byte of bytes) c = TABLE[(c ^ byte) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}
