// spade-webgpu in Node: the same API on Dawn. Strings and file: URLs are paths, except http(s) addresses.

import { fileURLToPath } from "node:url";
import type { AdapterInfo, Source, Spade, SpadeOptions } from "./session/api.ts";
import { openFile } from "./formats/file.ts";
import type { RandomAccess } from "./formats/tensors.ts";
import { openSource, supported } from "./index.ts";
import { openNodeDevice, sizesWish } from "./node/dawn.ts";
import type { SpadeError } from "./runtime/errors.ts";
import { createSpadeOn } from "./session/create.ts";

export * from "./session/api.ts";
export { SpadeError, type SpadeErrorCode } from "./runtime/errors.ts";
export { openNodeDevice } from "./node/dawn.ts";

async function open(
  source: Source,
  report: (loaded: number, total: number | undefined) => void,
  signal?: AbortSignal,
): Promise<RandomAccess> {
  const text = typeof source === "string" ? source : source instanceof URL ? source.href : undefined;
  if (text !== undefined && !/^https?:/.test(text)) {
    const access = await openFile(text.startsWith("file:") ? fileURLToPath(text) : text);
    try {
      report(access.size, access.size);
      return access;
    } catch (error) {
      await access.close();
      throw error;
    }
  }
  return openSource(source, report, signal);
}

/** Loads a generator and makes it ready to paint. Errors are SpadeErrors; an abort throws signal.reason. */
export async function createSpade(options: SpadeOptions): Promise<Spade> {
  return createSpadeOn({ sizesAs: sizesWish(), openDevice: openNodeDevice, open }, options);
}

/** Whether this machine can paint, and on which adapter. */
export function isSupported(): Promise<{ ok: true; adapter: AdapterInfo } | { ok: false; error: SpadeError }> {
  return supported(openNodeDevice);
}
