// spade-webgpu/labeler in Node: the same API on Dawn. Strings and file: URLs are paths, except http(s) addresses.

import type { Labeler, LabelerOptions } from "./labeler/api.ts";
import { createLabelerOn } from "./labeler/create.ts";
import { nodeHost } from "./node_host.ts";

export type * from "./labeler/api.ts";
export type { LabelInfo, LabelMap, Picture, Progress, SpadeOptions, Source, WebCache } from "./session/api.ts";
export { SpadeError, type SpadeErrorCode } from "./runtime/errors.ts";

/** Loads a net that labels photos. @throws SpadeError as in a page */
export async function createLabeler(options: LabelerOptions): Promise<Labeler> {
  return createLabelerOn(nodeHost(), options);
}
