// Writes PNG files without filters: for maps of ids and drawings, where filters gain little.

import { zlibSync } from "fflate";
import { crc32 } from "../crc.ts";
import { concat } from "../tensors.ts";

export const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

export interface PlainImage {
  /** Row by row; Uint16Array: samples of 16 bits. */
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array;
  readonly width: number;
  readonly height: number;
}

type Color = "gray" | "rgb" | readonly (readonly [number, number, number])[];

/** Encodes samples, width * height of gray or indices (`color` is then the palette), or three times as many of RGB. */
export function writePng({ data, width, height }: PlainImage, color: Color): Uint8Array {
  const bytes = data.BYTES_PER_ELEMENT;
  const samples = data.length / height;
  const raw = new Uint8Array(height * (1 + samples * bytes));
  for (let y = 0, at = 0, from = 0; y < height; y++) {
    at++; // The row's filter: 0, none.
    for (const end = from + samples; from < end; from++) {
      if (bytes === 2) raw[at++] = data[from] >> 8;
      raw[at++] = data[from];
    }
  }
  const type = typeof color === "object" ? 3 : color === "rgb" ? 2 : 0;
  return concat([
    Uint8Array.from(SIGNATURE),
    ...chunk("IHDR", [...word(width), ...word(height), 8 * bytes, type, 0, 0, 0]),
    ...(typeof color === "object" ? chunk("PLTE", color.flat()) : []),
    ...chunk("IDAT", zlibSync(raw, { level: 3 })),
    ...chunk("IEND", []),
  ]);
}

const word = (n: number): number[] => [n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255];

function chunk(type: string, content: ArrayLike<number>): Uint8Array[] {
  const body = new Uint8Array(4 + content.length);
  body.set([...type].map((c) => c.charCodeAt(0)));
  body.set(content, 4);
  return [Uint8Array.from(word(content.length)), body, Uint8Array.from(word(crc32(body)))];
}
