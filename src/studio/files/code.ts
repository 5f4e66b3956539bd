// A map and its style as a short text: of a link's fragment, and of what a saved picture carries. About 1 kB for a map of 128x128.
//
// Raw deflate in base64url of: the version, 1; the length of a JSON head in two bytes, the highest first; the head; the style's numbers in
// 32-bit floats, little-endian; the ids, one byte each, or two if the head says so.

/** What a person has painted. */
export interface Painting {
  /** The net's id in nets.json, or the name of its file. */
  readonly net: string;
  /** SHA-256 of its weights file in hex, where it is known. */
  readonly sha256?: string;
  readonly width: number;
  readonly height: number;
  /** Row by row. */
  readonly ids: Uint8Array | Uint16Array;
  /** Left out: a net without styles. */
  readonly style?: { readonly name: string; readonly z: Float32Array };
}

interface Head {
  n: string;
  h?: string;
  w: [width: number, height: number];
  /** Name and length of the style. */
  s?: [name: string, length: number];
  /** Bytes of an id. */
  b: 1 | 2;
}

const VERSION = 1;
/** Sides of a map, and numbers of a style, beyond which a text is not one of ours. */
const MOST_SIDE = 8192;
const MOST_PIXELS = 1 << 24;
const MOST_STYLE = 1 << 16;

export async function encodePainting(painting: Painting): Promise<string> {
  const { net, sha256, width, height, ids, style } = painting;
  const wide = ids instanceof Uint16Array;
  const head: Head = {
    n: net,
    h: sha256,
    w: [width, height],
    s: style && [style.name, style.z.length],
    b: wide ? 2 : 1,
  };
  const json = new TextEncoder().encode(JSON.stringify(head));
  const idBytes = ids.BYTES_PER_ELEMENT;
  const bytes = new Uint8Array(3 + json.length + 4 * (style?.z.length ?? 0) + idBytes * ids.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint16(1, json.length);
  bytes.set(json, 3);
  let at = 3 + json.length;
  for (const v of style?.z ?? []) {
    view.setFloat32(at, v, true);
    at += 4;
  }
  if (wide) ids.forEach((id, i) => view.setUint16(at + 2 * i, id, true));
  else bytes.set(ids, at);
  return toBase64Url(await through(bytes, new CompressionStream("deflate-raw")));
}

/** @returns undefined if the text is damaged, cut off, or none of ours */
export async function decodePainting(text: string): Promise<Painting | undefined> {
  try {
    const bytes = await through(
      fromBase64Url(text),
      new DecompressionStream("deflate-raw"),
      3 + 65536 + 4 * MOST_STYLE + 2 * MOST_PIXELS,
    );
    return read(bytes);
  } catch {
    return undefined;
  }
}

/** @throws any error, if the bytes are none of ours */
function read(bytes: Uint8Array): Painting {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint8(0) !== VERSION) throw new Error("version");
  const length = view.getUint16(1);
  const head = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(3, 3 + length))) as Head;
  const [width, height] = head.w;
  const isSide = (n: unknown): boolean => Number.isInteger(n) && (n as number) >= 1 && (n as number) <= MOST_SIDE;
  if (!isSide(width) || !isSide(height) || width * height > MOST_PIXELS) throw new Error("size");
  if (typeof head.n !== "string" || (head.b !== 1 && head.b !== 2)) throw new Error("head");
  if (head.h !== undefined && !/^[0-9a-f]{64}$/.test(head.h)) throw new Error("hash");
  const numbers = head.s?.[1] ?? 0;
  if (!Number.isInteger(numbers) || numbers < 0 || numbers > MOST_STYLE) throw new Error("style");
  if (head.s && typeof head.s[0] !== "string") throw new Error("style");
  const from = 3 + length + 4 * numbers;
  if (bytes.length !== from + head.b * width * height) throw new Error("length");
  const z = Float32Array.from({ length: numbers }, (_, i) => view.getFloat32(3 + length + 4 * i, true));
  if (!z.every(Number.isFinite)) throw new Error("style");
  const ids =
    head.b === 1
      ? bytes.slice(from)
      : Uint16Array.from({ length: width * height }, (_, p) => view.getUint16(from + 2 * p, true));
  return { net: head.n, sha256: head.h, width, height, ids, style: head.s && { name: head.s[0], z } };
}

/** Sends bytes through a stream. @param most bytes that may come out @throws Error if more come, TypeError if they are damaged */
export async function through(
  bytes: Uint8Array,
  stream: CompressionStream | DecompressionStream,
  most = Infinity,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(stream).getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
    if (length > most) {
      await reader.cancel();
      throw new Error("too long");
    }
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export function toBase64Url(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** @throws DOMException if it is no base64 */
export const fromBase64Url = (text: string): Uint8Array =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
