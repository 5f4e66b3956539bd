// spade-webgpu/train: trains nets in a page. train_node.ts has the same API in Node.

import type { Trainer, TrainerOptions } from "./trainer/api.ts";
import { createTrainerOn } from "./trainer/create.ts";
import { page } from "./web/painting_page.ts";

export type * from "./trainer/api.ts";
export type { LabelInfo, LabelMap, Progress, Source, Style } from "./session/api.ts";
export { SpadeError, type SpadeErrorCode } from "./runtime/errors.ts";

/**
 * Opens a trainer. It asks for the GPU first: where there is none, nothing is downloaded.
 * @throws SpadeError usage: the options; no-webgpu, no-adapter, insecure-context, webgpu-blocked: no GPU; download, file, shape, integrity:
 *   `from` and `perceptual`; unsupported: f16 that the adapter lacks; out-of-memory
 */
export function createTrainer(options: TrainerOptions): Promise<Trainer> {
  return createTrainerOn(page, options);
}
