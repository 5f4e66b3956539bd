// spade-webgpu/worker: the same createSpade, with the session in a worker. It frees the page's thread from the engine's JavaScript; the
// page's own frames still wait for the GPU where they share one.

import { isElsewhere } from "./models/elsewhere.ts";
import { SpadeError } from "./runtime/errors.ts";
import type { Progress } from "./session/api.ts";
import { Client, type WorkerOptions, type WorkerSpade } from "./web/worker/client.ts";
import { ownWorker } from "./web/worker/start.ts";

export { mixRegionStyles, mixStyles } from "./session/api.ts";
export type * from "./session/api.ts";
export { SpadeError, type SpadeErrorCode } from "./runtime/errors.ts";
export type { WorkerOptions, WorkerSpade } from "./web/worker/client.ts";

const own = (): Worker =>
  ownWorker(
    import.meta.url,
    "worker_engine.js",
    () => new Worker(new URL("./worker_engine.js", import.meta.url), { type: "module" }),
  );
/** The script with all generators: most pages never load it. */
const ownOfAll = (): Worker =>
  ownWorker(
    import.meta.url,
    "pix2pixhd_engine.js",
    () => new Worker(new URL("./pix2pixhd_engine.js", import.meta.url), { type: "module" }),
  );

/**
 * Loads a net in a worker of its own. Weights of pix2pixHD, CLADE or SEAN are known by their first bytes; a worker with all generators then
 * opens them in place of the first one.
 * @throws SpadeError as createSpade of the package's main entry; unsupported: the worker does not start, or another generator's weights are a
 *   stream or come with a `worker` that lacks it; usage: options that a worker can't take
 */
export async function createSpade({ worker, ...options }: WorkerOptions): Promise<WorkerSpade> {
  let most = 0;
  /** The second worker begins anew. */
  const onProgress = (p: Progress): void => {
    if (p.progress < most) return;
    most = p.progress;
    options.onProgress?.(p);
  };
  const others = { ...options, onProgress };
  try {
    return await Client.start(worker ?? own, others);
  } catch (error) {
    if (!isElsewhere(error)) throw error;
    const fix = worker
      ? "give a worker of the script spade-webgpu/pix2pixhd-engine, which has all generators"
      : options.weights instanceof ReadableStream && "give an address, a Blob or bytes: a stream can't be read again";
    if (fix) throw new SpadeError(error.code, error.where, error.problem, fix, error);
    return Client.start(ownOfAll, others);
  }
}
