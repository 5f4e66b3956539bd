// spade-webgpu in Node: the same API on Dawn. Strings and file: URLs are paths, except http(s) addresses.

import type { AdapterInfo, Source, Spade, SpadeOptions, WebCache, WeightsInfo } from "./session/api.ts";
import { openNodeDevice } from "./node/dawn.ts";
import { filePath, nodeHost } from "./node_host.ts";
import type { SpadeError } from "./runtime/errors.ts";
import { createSpadeOn } from "./session/create.ts";
import { inspectOn } from "./session/opening/inspect.ts";
import { supported } from "./session/opening/supported.ts";
import { isCached as isAddressCached } from "./web/cached.ts";

export * from "./session/api.ts";
export { SpadeError, type SpadeErrorCode } from "./runtime/errors.ts";
export { openNodeDevice } from "./node/dawn.ts";
export { clearCache } from "./web/cached.ts";

/** Loads a net and makes it ready to paint. @throws SpadeError no-webgpu, no-adapter; download, integrity, file, shape; out-of-memory; unsupported, usage */
export async function createSpade(options: SpadeOptions): Promise<Spade> {
  return createSpadeOn(nodeHost(), options);
}

/** What a weights file says of its net, from its first kilobytes. @throws SpadeError download, file; signal.reason on abort */
export async function inspect(weights: Source, options?: { signal?: AbortSignal }): Promise<WeightsInfo> {
  return inspectOn(nodeHost(), weights, options);
}

/** Whether this machine can paint, and on which adapter. */
export function isSupported(): Promise<{ ok: true; adapter: AdapterInfo } | { ok: false; error: SpadeError }> {
  return supported(openNodeDevice);
}

/** Whether a source can be opened without the network: bytes, Blobs and paths, and addresses whose file is in a cache of yours. */
export async function isCached(weights: Source, cache?: boolean | WebCache): Promise<boolean> {
  return filePath(weights) !== undefined || isAddressCached(weights, cache);
}
