// What a file is that somebody drops on the page, by its bytes: names lie.

import { texts } from "../later_texts.ts";
import type { Painting } from "./code.ts";
import { isPng, colorType } from "./png.ts";
import { readPicture } from "./picture_file.ts";

export type Dropped =
  | { readonly kind: "map" }
  /** A picture that this page saved, and what it carries. */
  | { readonly kind: "picture"; readonly painting: Painting }
  /** To be asked: its style, or its map? */
  | { readonly kind: "photo" }
  | { readonly kind: "net"; readonly format: "safetensors" | "pth" }
  /** What is wrong and what to do, for people. */
  | { readonly kind: "error"; readonly error: string };

const HEAD = 4096;
/** Colours of a map: ids of eight bits. */
const MOST_COLORS = 256;
/** The least share of pixels that are like their left neighbour, in a gray map. */
const LEAST_FLAT = 0.5;
/** The head of a safetensors file takes less, and is JSON. */
const MOST_JSON = 1e8;

export async function sniff(file: Blob): Promise<Dropped> {
  const head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  if (isPng(head)) return sniffPng(file);
  const text = String.fromCharCode(...head.subarray(0, 200));
  const isPhoto = /^(\xff\xd8\xff|RIFF....WEBP|GIF8|BM|....ftyp(avif|avis|heic|mif1))/s.test(text);
  if (isPhoto) return { kind: "photo" };
  if (head.length > 9) {
    const view = new DataView(head.buffer);
    const json = view.getUint32(0, true) + 2 ** 32 * view.getUint32(4, true);
    if (json >= 2 && json < Math.min(MOST_JSON, file.size - 7) && text[8] === "{")
      return { kind: "net", format: "safetensors" };
  }
  // A zip whose first file is the pickle, or the pickle of old with torch's magic number.
  if (/^PK\x03\x04.{26}[^\0]*data\.pkl/s.test(text) || /^\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19/.test(text))
    return { kind: "net", format: "pth" };
  return { kind: "error", error: texts.files.otherFile };
}

async function sniffPng(file: Blob): Promise<Dropped> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const painting = await readPicture(bytes);
  if (painting) return { kind: "picture", painting };
  if (colorType(bytes) === 3) return { kind: "map" };
  const { decodeLabelMap, SpadeError } = await import("./labels.ts");
  try {
    const { data, rgb, width } = await decodeLabelMap(file);
    return { kind: (rgb ? fewColors(rgb) : isFlat(data, width)) ? "map" : "photo" };
  } catch (error) {
    if (!(error instanceof SpadeError)) throw error;
    // Sixteen bits a colour: no map has them.
    if (error.code === "unsupported") return { kind: "photo" };
    return { kind: "error", error: texts.files.brokenMap(error.problem) };
  }
}

function fewColors(rgb: Uint8Array): boolean {
  const colors = new Set<number>();
  for (let i = 0; i < rgb.length && colors.size <= MOST_COLORS; i += 3)
    colors.add((rgb[i] << 16) | (rgb[i + 1] << 8) | rgb[i + 2]);
  return colors.size <= MOST_COLORS;
}

function isFlat(ids: ArrayLike<number>, width: number): boolean {
  let [same, pairs] = [0, 0];
  for (let p = 1; p < ids.length; p++) {
    if (p % width === 0) continue;
    pairs++;
    if (ids[p] === ids[p - 1]) same++;
  }
  return same >= LEAST_FLAT * pairs;
}
