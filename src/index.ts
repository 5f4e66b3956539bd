// spade-webgpu: SPADE (GauGAN) on WebGPU. This entry imports nothing of Node; node.ts has the same API with Dawn and files.

import type { AdapterInfo, Source, Spade, SpadeOptions, WeightsInfo } from "./session/api.ts";
import type { SpadeError } from "./runtime/errors.ts";
import { createSpadeOn } from "./session/create.ts";
import { inspectOn } from "./session/opening/inspect.ts";
import { supported } from "./session/opening/supported.ts";
import { page } from "./web/painting_page.ts";

export * from "./session/api.ts";
export { SpadeError, type SpadeErrorCode } from "./runtime/errors.ts";
export { clearCache, isCached } from "./web/cached.ts";

/**
 * Loads a net and makes it ready to paint. It asks for the GPU first: where there is none, nothing is downloaded. Then the download, the
 * uploads and the compilation overlap.
 * @throws SpadeError no-webgpu, no-adapter, insecure-context, webgpu-blocked: no GPU; download, integrity, file, shape: the weights;
 *   out-of-memory; unsupported, usage: the options
 */
export function createSpade(options: SpadeOptions): Promise<Spade> {
  return createSpadeOn(page, options);
}

/** What a weights file says of its net, from its first kilobytes. @throws SpadeError download, file; signal.reason on abort */
export function inspect(weights: Source, options?: { signal?: AbortSignal }): Promise<WeightsInfo> {
  return inspectOn(page, weights, options);
}

/** Whether this page can paint, and on which adapter; else why not. Downloads nothing, and never throws a SpadeError. */
export async function isSupported(): Promise<{ ok: true; adapter: AdapterInfo } | { ok: false; error: SpadeError }> {
  return supported(page.openDevice);
}
