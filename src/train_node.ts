// spade-webgpu/train in Node: the same API on Dawn. Strings and file: URLs are paths, except http(s) addresses.

import { publishedWeights } from "./formats/packaged.ts";
import { SQUEEZENET_FILE } from "./models/nets/squeezenet.ts";
import { nodeHost } from "./node_host.ts";
import type { Trainer, TrainerOptions } from "./trainer/api.ts";
import { createTrainerOn } from "./trainer/create.ts";

export type * from "./trainer/api.ts";
export type { LabelInfo, LabelMap, Progress, Source, Style } from "./session/api.ts";
export { SpadeError, type SpadeErrorCode } from "./runtime/errors.ts";

const perceptual = (): string => publishedWeights(SQUEEZENET_FILE, ", or give `perceptual`, or false for none");

/** Opens a trainer. @throws SpadeError as in a page */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  return createTrainerOn({ ...nodeHost(), perceptual }, options);
}
