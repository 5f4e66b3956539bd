// spade-webgpu in Node: the same API on Dawn. Strings and file: URLs are paths, except http(s) addresses.

import { fileURLToPath } from "node:url";
import type { AdapterInfo, Source, Spade, SpadeOptions } from "./session/api.ts";
import { allReaders, openCheckpoint } from "./formats/any_checkpoint.ts";
import { openFile } from "./formats/file.ts";
import { openNodeDevice, sizesWish, SOFTWARE_FIX } from "./node/dawn.ts";
import { describeNet } from "./painting/describe_net.ts";
import { SpadeError } from "./runtime/errors.ts";
import { createSpadeOn } from "./session/create.ts";
import type { LoadOptions, Weights } from "./session/host.ts";
import { supported } from "./session/supported.ts";
import { openWeights } from "./web/open_weights.ts";

export * from "./session/api.ts";
export { SpadeError, type SpadeErrorCode } from "./runtime/errors.ts";
export { openNodeDevice } from "./node/dawn.ts";

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

async function open(source: Source, options: LoadOptions): Promise<Weights> {
  const text = typeof source === "string" ? source : source instanceof URL ? source.href : undefined;
  if (text === undefined || /^(https?|data|blob):/.test(text)) return openWeights(source, options);
  const access = await openFile(pathOf(text));
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

const format = { readers: allReaders, open: openCheckpoint, describe: describeNet };

/** Loads a net and makes it ready to paint. @throws SpadeError no-webgpu, no-adapter; download, integrity, file, shape; out-of-memory; unsupported, usage */
export async function createSpade(options: SpadeOptions): Promise<Spade> {
  return createSpadeOn(
    { sizesAs: sizesWish(), format, softwareFix: SOFTWARE_FIX, openDevice: openNodeDevice, open },
    options,
  );
}

/** Whether this machine can paint, and on which adapter. */
export function isSupported(): Promise<{ ok: true; adapter: AdapterInfo } | { ok: false; error: SpadeError }> {
  return supported(openNodeDevice);
}
