// spade-webgpu/worker: the same createSpade, with the session in a worker. It frees the page's thread from the engine's JavaScript; the
// page's own frames still wait for the GPU where they share one.

import { absolute, Client, notStarted, type WorkerOptions, type WorkerSpade } from "./web/worker/client.ts";

export { mixStyles } from "./session/api.ts";
export type * from "./session/api.ts";
export { SpadeError, type SpadeErrorCode } from "./runtime/errors.ts";
export type { WorkerOptions, WorkerSpade } from "./web/worker/client.ts";

/** The worker of this package; a script of another origin (a CDN) is imported by a script of this page's. */
function ownWorker(): Worker {
  const address = new URL(import.meta.url);
  if (address.origin === location.origin || address.protocol === "blob:")
    return new Worker(new URL("./worker_engine.js", import.meta.url), { type: "module" });
  const script = `import ${JSON.stringify(new URL("worker_engine.js", address).href)};`;
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  return worker;
}

/**
 * Loads a net in a worker of its own.
 * @throws SpadeError as createSpade of the package's main entry; unsupported: the worker does not start; usage: options that a worker can't take
 */
export async function createSpade(options: WorkerOptions): Promise<WorkerSpade> {
  const { worker, signal, onProgress, ...rest } = options;
  signal?.throwIfAborted();
  let made: Worker;
  try {
    made = worker ? worker() : ownWorker();
  } catch (cause) {
    throw notStarted((cause as Error).message, cause);
  }
  const client = new Client(made, onProgress);
  try {
    return await client.open({ ...rest, weights: absolute(rest.weights), encoder: absolute(rest.encoder) }, signal);
  } catch (error) {
    client.dispose();
    throw error;
  }
}
