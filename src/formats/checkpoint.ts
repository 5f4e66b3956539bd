// What a checkpoint is, and what a file is that is none. Pages read safetensors that this package wrote (plain_checkpoint.ts), Node every
// format and everybody's names (any_checkpoint.ts).

import { SpadeError } from "../runtime/errors.ts";
import type { RandomAccess, TensorSource } from "./tensors.ts";

export interface Checkpoint extends TensorSource {
  /** "safetensors", "torch zip", "torch legacy pickle", "torch 0.1 tar". */
  format: string;
  /** What was dropped or changed when reading, one line each. */
  notes: string[];
}

/**
 * `key`: read only this nested dictionary ("state_dict"); in safetensors, only tensors whose names begin with `key.`.
 */
export interface OpenOptions {
  key?: string;
}

/** One format of files. */
export interface Reader {
  /** Whether a file that begins with these bytes has this format. */
  looks(head: Uint8Array): boolean;
  open(access: RandomAccess, key?: string): Promise<Checkpoint>;
  /** What is wrong with a file that has no reader, and what to do, if this one can tell. */
  hint?(head: Uint8Array): [problem: string, fix: string] | undefined;
}

/** As many bytes as tell every form; a tar's mark lies at byte 257. */
export const HEAD_BYTES = 512;

/**
 * Throws if a file that begins so is none of these formats; downloads ask before the rest is there.
 * @param head the first HEAD_BYTES, or the whole of a shorter file
 */
export function checkHead(readers: readonly Reader[], name: string, head: Uint8Array): void {
  if (!readers.some((r) => r.looks(head))) throw notACheckpoint(name, head, readers);
}

/** Whether a file begins as a pickle of protocol 2 to 5. */
export const looksLikePickle = ([first, protocol]: Uint8Array): boolean =>
  first === 0x80 && protocol >= 2 && protocol <= 5;

/** Explains a file that is not a checkpoint: the kinds of file that users give by mistake. */
function notACheckpoint(name: string, head: Uint8Array, readers: readonly Reader[]): SpadeError {
  const text = new TextDecoder("latin1").decode(head);
  const say = (problem: string, fix: string): SpadeError => new SpadeError("file", name, problem, fix);
  if (head.length === 0) return say("is empty", "fetch it again");
  if (text.startsWith("version https://git-lfs"))
    return say("is a git-LFS pointer, not the file", "run git lfs pull, or download the file itself");
  if (/^\s*<(!doctype|html|\?xml)/i.test(text))
    return say("is a web page, not a checkpoint", "the download failed: open the link in a browser");
  if (head[0] === 0x1f && head[1] === 0x8b)
    return say("is compressed with gzip", "unpack it (tar -xzf or gunzip) and give the .pth in it");
  for (const { hint } of readers) {
    const known = hint?.(head);
    if (known) return say(...known);
  }
  const pth = readers.length > 1 ? ", or a .pth that torch.save wrote" : "";
  return say("is not a checkpoint", `give a .safetensors file${pth}`);
}
