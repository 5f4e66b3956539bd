// spade-webgpu/labeler: label maps of photos, in a page or a worker of its own. labeler_node.ts has the same API in Node.

import type { Labeler, LabelerOptions } from "./labeler/api.ts";
import { createLabelerOn } from "./labeler/create.ts";
import { pageHost } from "./web/page_host.ts";

export type * from "./labeler/api.ts";
export type { LabelInfo, LabelMap, Picture, Progress, SpadeOptions, Source, WebCache } from "./session/api.ts";
export { SpadeError, type SpadeErrorCode } from "./runtime/errors.ts";

/**
 * Loads a net that labels photos. It asks for the GPU first: where there is none, nothing is downloaded.
 * @throws SpadeError no-webgpu, no-adapter, insecure-context, webgpu-blocked: no GPU; download, integrity, file, shape: the weights;
 *   unsupported: they are no segmenter; out-of-memory; usage: the options
 */
export function createLabeler(options: LabelerOptions): Promise<Labeler> {
  return createLabelerOn(pageHost({}), options);
}
