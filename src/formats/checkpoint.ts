// Opens a checkpoint in any supported format: safetensors, or torch.save's zip, legacy pickle and tar. Also handles the
// old form in which torch stored spectral norm, so that a loader gets usable weights.

import { SpadeError } from "../runtime/errors.ts";
import { torchSource, withoutModule } from "./torch/pth.ts";
import type { TorchFile } from "./torch/pth.ts";
import { looksLegacy, readLegacy } from "./torch/pth_legacy.ts";
import { looksLikeTar, readTar } from "./torch/pth_tar.ts";
import { readZip } from "./torch/pth_zip.ts";
import { looksLikeZip } from "./torch/zip_entry.ts";
import { looksLikeSafetensors, openSafetensors } from "./safetensors.ts";
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

/**
 * Opens a checkpoint in any supported format, detected from its first bytes, not its name. Strips a `module.` prefix
 * that all keys share. From the old form of spectral norm, keeps only the normalised `weight` and adds a note. Fails
 * with `file` if the file is empty, truncated, damaged or not a checkpoint, and with `unsupported` on Python objects
 * other than tensors and containers. Closes `access` on failure.
 */
export async function openCheckpoint(access: RandomAccess, options: OpenOptions = {}): Promise<Checkpoint> {
  try {
    return dropOldSpectral(await open(access, options.key));
  } catch (error) {
    await access.close?.();
    throw error;
  }
}

/** As many bytes as tell every form; a tar's mark lies at byte 257. */
export const HEAD_BYTES = 512;

/**
 * For downloads: throws as openCheckpoint would on a file that begins so.
 * @param head the first HEAD_BYTES, or the whole of a shorter file
 */
export function checkHead(name: string, head: Uint8Array): void {
  if (![looksLikeZip, looksLegacy, looksLikeTar, looksLikeSafetensors].some((looks) => looks(head)))
    throw notACheckpoint(name, head);
}

async function open(access: RandomAccess, key: string | undefined): Promise<Checkpoint> {
  const head = await access.read(0, Math.min(HEAD_BYTES, access.size));
  const torch = async (format: string, read: (a: RandomAccess) => Promise<TorchFile>): Promise<Checkpoint> => {
    return { ...torchSource(access, await read(access), key), format };
  };
  if (looksLikeZip(head)) return torch("torch zip", readZip);
  if (looksLegacy(head)) return torch("torch legacy pickle", readLegacy);
  if (looksLikeTar(head)) return torch("torch 0.1 tar", readTar);
  if (looksLikeSafetensors(head)) {
    const source = await openSafetensors(access);
    return { ...renamed(source, safetensorsNames(access.name, source.names(), key)), format: "safetensors", notes: [] };
  }
  throw notACheckpoint(access.name, head);
}

/** Maps the names shown to the caller (without `key.` and `module.`) to the names in the file. */
function safetensorsNames(file: string, names: string[], key: string | undefined): Map<string, string> {
  const prefix = key === undefined ? "" : `${key}.`;
  const chosen = names.filter((n) => n.startsWith(prefix));
  if (chosen.length === 0 && key !== undefined) {
    const groups = [...new Set(names.map((n) => n.split(".")[0]))].slice(0, 8).join(", ");
    throw new SpadeError("file", file, `no tensor's name begins with "${prefix}"`, `names begin with: ${groups}`);
  }
  const short = withoutModule(chosen.map((n) => n.slice(prefix.length)));
  return new Map(chosen.map((n, i) => [short[i], n]));
}

/** Makes a source with only some tensors, under new names. Unknown names go to `source`, which reports the error. */
function renamed<T extends TensorSource>(source: T, names: Map<string, string>): T {
  const inFile = (name: string): string => names.get(name) ?? name;
  return {
    ...source,
    names: () => [...names.keys()],
    info: (name: string) => source.info(inFile(name)),
    read: (name: string) => source.read(inFile(name)),
    chunks: (name: string, maxBytes?: number) => source.chunks(inFile(name), maxBytes),
  };
}

/**
 * Drops _orig and _u of spectral norm's old form. torch up to 1.0.0 stored weight_orig, weight_u and the buffer weight
 * = weight_orig / sigma, but no weight_v; inference needs only `weight`. Newer files (orig, u, v) stay unchanged.
 */
function dropOldSpectral(source: Checkpoint): Checkpoint {
  const all = new Set(source.names());
  const notes = [...source.notes];
  const dropped = new Set<string>();
  for (const name of all) {
    if (!name.endsWith("weight_orig")) continue;
    const weight = name.slice(0, -"_orig".length);
    const has = (suffix: string): boolean => all.has(weight + suffix);
    if (has("_u") && has("_v")) continue;
    if (has("")) dropped.add(name).add(`${weight}_u`);
    else notes.push(`${weight}: spectral norm without ${weight}_u, ${weight}_v or a normalised ${weight}`);
  }
  if (dropped.size === 0) return { ...source, notes };
  const count = [...dropped].filter((n) => n.endsWith("_orig")).length;
  notes.push(
    `spectral norm as torch <= 1.0.0 stored it: ${count} weights kept already divided by sigma, their _orig and _u left out`,
  );
  return { ...renamed(source, new Map([...all].filter((n) => !dropped.has(n)).map((n) => [n, n]))), notes };
}

/** Explains a file that is not a checkpoint: the kinds of file that users give by mistake. */
function notACheckpoint(name: string, head: Uint8Array): SpadeError {
  const text = new TextDecoder("latin1").decode(head);
  const say = (problem: string, fix: string): SpadeError => new SpadeError("file", name, problem, fix);
  if (head.length === 0) return say("is empty", "fetch it again");
  if (text.startsWith("version https://git-lfs"))
    return say("is a git-LFS pointer, not the file", "run git lfs pull, or download the file itself");
  if (/^\s*<(!doctype|html|\?xml)/i.test(text))
    return say(
      "is a web page, not a checkpoint",
      "the download failed: open the link in a browser and fetch the file itself",
    );
  if (head[0] === 0x1f && head[1] === 0x8b)
    return say("is compressed with gzip", "unpack it (tar -xzf or gunzip) and give the .pth in it");
  if (head[0] === 0x80 && head[1] >= 2 && head[1] <= 5) {
    return say(
      "is a Python pickle without torch's magic number, or cut off within it",
      "save it with torch.save(model.state_dict(), path)",
    );
  }
  return say("is not a checkpoint", "give a .safetensors file, or a .pth that torch.save wrote");
}
