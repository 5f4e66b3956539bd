// spade-webgpu in Node: the same API on Dawn. Strings and file: URLs are paths, except http(s) addresses.

import { fileURLToPath } from "node:url";
import type { AdapterInfo, Picture, Source, Spade, SpadeOptions, WebCache, WeightsInfo } from "./session/api.ts";
import type { RandomAccess } from "./formats/tensors.ts";
import { allReaders, openCheckpoint } from "./formats/any_checkpoint.ts";
import { openFile } from "./formats/file.ts";
import { openNodeDevice, sizesWish, SOFTWARE_FIX } from "./node/dawn.ts";
import { describeNet } from "./painting/describe_net.ts";
import { SpadeError } from "./runtime/errors.ts";
import { createSpadeOn } from "./session/create.ts";
import type { Host, LoadOptions, Weights } from "./session/host.ts";
import { inspectOn } from "./session/opening/inspect.ts";
import { photoValues } from "./session/photo.ts";
import { supported } from "./session/opening/supported.ts";
import { isCached as isAddressCached } from "./web/cached.ts";
import { openHead } from "./web/head.ts";
import { openWeights } from "./web/open_weights.ts";

export * from "./session/api.ts";
export { SpadeError, type SpadeErrorCode } from "./runtime/errors.ts";
export { openNodeDevice } from "./node/dawn.ts";
export { clearCache } from "./web/cached.ts";

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
function filePath(source: Source): string | undefined {
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
    options.report(access.size, access.size);
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

const node: Host = {
  format,
  softwareFix: SOFTWARE_FIX,
  openDevice: openNodeDevice,
  readPhoto: async (photo, width, height) => photoValues(photo as Picture, { width, height }),
  head,
  open,
};

/** Loads a net and makes it ready to paint. @throws SpadeError no-webgpu, no-adapter; download, integrity, file, shape; out-of-memory; unsupported, usage */
export async function createSpade(options: SpadeOptions): Promise<Spade> {
  return createSpadeOn({ ...node, sizesAs: sizesWish() }, options);
}

/** What a weights file says of its net, from its first kilobytes. @throws SpadeError download, file; signal.reason on abort */
export async function inspect(weights: Source, options?: { signal?: AbortSignal }): Promise<WeightsInfo> {
  return inspectOn(node, weights, options);
}

/** Whether this machine can paint, and on which adapter. */
export function isSupported(): Promise<{ ok: true; adapter: AdapterInfo } | { ok: false; error: SpadeError }> {
  return supported(openNodeDevice);
}

/** Whether a source can be opened without the network: bytes, Blobs and paths, and addresses whose file is in a cache of yours. */
export async function isCached(weights: Source, cache?: boolean | WebCache): Promise<boolean> {
  return filePath(weights) !== undefined || isAddressCached(weights, cache);
}
