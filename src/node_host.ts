// Node as a host: Dawn, files beside addresses, and checkpoints of every format.

import { fileURLToPath } from "node:url";
import { allReaders, openCheckpoint } from "./formats/any_checkpoint.ts";
import { openFile } from "./formats/file.ts";
import type { RandomAccess } from "./formats/tensors.ts";
import { openNodeDevice, sizesWish, SOFTWARE_FIX } from "./node/dawn.ts";
import { rest } from "./node/rest.ts";
import { describeNet } from "./painting/describe_net.ts";
import { SpadeError } from "./runtime/errors.ts";
import type { Source } from "./session/api.ts";
import type { Host, LoadOptions, Weights } from "./session/host.ts";
import { checkedPixels } from "./session/photo.ts";
import { openHead } from "./web/head.ts";
import { openWeights } from "./web/open_weights.ts";

/** The path of a file: URL, or the text itself. @throws SpadeError usage */
function pathOf(text: string): string {
  // One letter is a drive of Windows.
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(text)?.[1];
  if (scheme === undefined && !text.startsWith("file:")) return text;
  const fix = "give a path, a file: URL of this machine, or an http(s) address";
  if (scheme !== undefined && scheme.toLowerCase() !== "file")
    throw new SpadeError("usage", text, `${scheme}: addresses can't be read`, fix);
  try {
    return fileURLToPath(text);
  } catch (cause) {
    throw new SpadeError("usage", text, "is no file of this machine", fix, cause);
  }
}

/** The path of a source that is a file; undefined for every other. @throws SpadeError usage */
export function filePath(source: Source): string | undefined {
  const text = typeof source === "string" ? source : source instanceof URL ? source.href : undefined;
  return text === undefined || /^(https?|data|blob):/.test(text) ? undefined : pathOf(text);
}

async function open(source: Source, options: LoadOptions): Promise<Weights> {
  const path = filePath(source);
  if (path === undefined) return openWeights(source, options);
  const access = await openFile(path);
  try {
    if (options.integrity) {
      const file = await openWeights(await access.read(0, access.size), options);
      await access.close();
      return file;
    }
    options.report?.(access.size, access.size);
  } catch (error) {
    await access.close();
    throw error;
  }
  return access;
}

/** Files are read by range as they are. */
async function head(source: Source, signal?: AbortSignal): Promise<RandomAccess | undefined> {
  const path = filePath(source);
  return path === undefined ? openHead(source, signal) : openFile(path);
}

const format = { readers: allReaders, open: openCheckpoint, describe: describeNet };

/** @throws SpadeError usage: the environment's SPADE_SIZES */
export const nodeHost = (): Host => ({
  format,
  softwareFix: SOFTWARE_FIX,
  openDevice: openNodeDevice,
  readPhoto: async (photo, call) => checkedPixels(photo, call),
  head,
  open,
  sizesAs: sizesWish(),
  rest,
});
