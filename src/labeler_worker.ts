// spade-webgpu/labeler-worker: the same createLabeler, with the net in a worker.

import { LabelerClient, type WorkerLabeler, type WorkerLabelerOptions } from "./web/worker/labeler_client.ts";
import { ownWorker } from "./web/worker/start.ts";

export type * from "./labeler/api.ts";
export type { LabelInfo, LabelMap, Picture, Progress, SpadeOptions, Source, WebCache } from "./session/api.ts";
export { SpadeError, type SpadeErrorCode } from "./runtime/errors.ts";
export type { WorkerLabeler, WorkerLabelerOptions } from "./web/worker/labeler_client.ts";

const own = (): Worker =>
  ownWorker(
    import.meta.url,
    "labeler_engine.js",
    () => new Worker(new URL("./labeler_engine.js", import.meta.url), { type: "module" }),
  );

/**
 * Loads a net that labels photos in a worker of its own.
 * @throws SpadeError as createLabeler of spade-webgpu/labeler; unsupported: the worker does not start; usage: options that a worker can't take
 */
export async function createLabeler(options: WorkerLabelerOptions): Promise<WorkerLabeler> {
  const { worker = own, ...others } = options;
  return LabelerClient.start(worker, others);
}
