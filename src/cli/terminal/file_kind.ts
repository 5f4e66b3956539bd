// What an existing file is, by its content: a result may replace an older result of its kind, and nothing else without --force.

import { open } from "node:fs/promises";
import { looksLikeSafetensors } from "../../formats/safetensors.ts";
import { looksLegacy } from "../../formats/torch/pth_legacy.ts";
import { looksLikeTar } from "../../formats/torch/pth_tar.ts";
import { looksLikeZip } from "../../formats/torch/zip_entry.ts";

/** What commands write. */
export type Kind = "png" | "jpeg" | "webp" | "safetensors" | "pth" | "onnx" | "json" | "html";

const NAMES: Record<Kind | "text" | "zip" | "other", string> = {
  png: "a PNG picture",
  jpeg: "a JPEG picture",
  webp: "a WebP picture",
  safetensors: "a safetensors file",
  pth: "a PyTorch checkpoint",
  onnx: "an ONNX model",
  json: "JSON",
  html: "a page of HTML",
  text: "text",
  zip: "a zip archive",
  other: "something else",
};

export const kindName = (kind: keyof typeof NAMES): string => NAMES[kind];

const HEAD = 4096;

/** The kind of a regular file; undefined where it is empty. */
export async function kindOfFile(path: string): Promise<keyof typeof NAMES | undefined> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const part = async (at: number): Promise<Uint8Array> => {
      const bytes = new Uint8Array(Math.min(HEAD, size));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, at);
      return bytes.subarray(0, bytesRead);
    };
    const head = await part(0);
    if (head.length === 0) return undefined;
    return kindOf(head, await part(Math.max(0, size - HEAD)));
  } finally {
    await file.close();
  }
}

/** By the first and the last bytes of a file, which may overlap. */
export function kindOf(head: Uint8Array, tail: Uint8Array): keyof typeof NAMES {
  const text = Buffer.from(head).toString("latin1");
  if (text.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (text.startsWith("\xff\xd8\xff")) return "jpeg";
  if (/^RIFF[^]{4}WEBP/.test(text)) return "webp";
  if (looksLikeSafetensors(head)) return "safetensors";
  // The first entry of torch.save's zip.
  if (looksLikeZip(head)) return /^[^]{30}[^\0]{0,200}data\.pkl/.test(text) ? "pth" : "zip";
  if (looksLegacy(head) || looksLikeTar(head)) return "pth";
  if (isOnnx(head)) return "onnx";
  if (!isText(head) || !isText(tail)) return "other";
  const [begin, end] = [text.replace(/^\xef\xbb\xbf/, "").trimStart(), Buffer.from(tail).toString("latin1").trimEnd()];
  if (/^<(!doctype html|html)/i.test(begin)) return "html";
  return (begin[0] === "{" && end.endsWith("}")) || (begin[0] === "[" && end.endsWith("]")) ? "json" : "text";
}

/** ModelProto begins with ir_version (field 1, a small number) and goes on with another of its fields: a text, a graph or a number. */
function isOnnx(head: Uint8Array): boolean {
  const [first, version, next] = head;
  const field = next >> 3;
  return first === 0x08 && version > 0 && version < 32 && field >= 2 && field <= 14 && [0, 2].includes(next & 7);
}

/** No control characters but white space. Cut letters of UTF-8 pass. */
const isText = (bytes: Uint8Array): boolean => !bytes.some((b) => b < 32 && ![9, 10, 12, 13].includes(b));
