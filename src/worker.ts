// spade-webgpu/worker: the same createSpade, with the session in a worker. It frees the page's thread from the engine's JavaScript; the
// page's own frames still wait for the GPU where they share one.

import { Client, type WorkerOptions, type WorkerSpade } from "./web/worker/client.ts";
import { ownWorker } from "./web/worker/start.ts";

export { mixStyles } from "./session/api.ts";
export type * from "./session/api.ts";
export { SpadeError, type SpadeErrorCode } from "./runtime/errors.ts";
export type { WorkerOptions, WorkerSpade } from "./web/worker/client.ts";

const own = (): Worker =>
  ownWorker(
    import.meta.url,
    "worker_engine.js",
    () => new Worker(new URL("./worker_engine.js", import.meta.url), { type: "module" }),
  );

/**
 * Loads a net in a worker of its own.
 * @throws SpadeError as createSpade of the package's main entry; unsupported: the worker does not start; usage: options that a worker can't take
 */
export async function createSpade(options: WorkerOptions): Promise<WorkerSpade> {
  const { worker = own, ...others } = options;
  return Client.start(worker, others);
}
