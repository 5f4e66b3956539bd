// How a page starts a worker, and what it sends first.

import { notStarted, type Kind } from "./remote.ts";

/** Makes a worker and opens a session in it. @throws SpadeError unsupported: it does not start; what `open` throws, and the worker ends */
export async function startIn<T>(
  kind: Kind,
  make: () => Worker,
  signal: AbortSignal | undefined,
  open: (worker: Worker) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  let worker: Worker;
  try {
    worker = make();
  } catch (cause) {
    throw notStarted(kind, (cause as Error).message, cause);
  }
  try {
    return await open(worker);
  } catch (error) {
    worker.terminate();
    throw error;
  }
}

/**
 * A worker of this package; a script of another origin (a CDN) is imported by a script of this page's.
 * @param base address of the module that asks
 * @param script name of the script beside it
 * @param near makes the worker where the script is of this origin, in words that bundlers find
 */
export function ownWorker(base: string, script: string, near: () => Worker): Worker {
  const address = new URL(base);
  if (address.origin === location.origin || address.protocol === "blob:") return near();
  const text = `import ${JSON.stringify(new URL(script, address).href)};`;
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  return worker;
}

/** Relative addresses are the page's, not the worker script's. */
export const absolute = <T>(source: T): T | string =>
  typeof source === "string" || source instanceof URL ? new URL(source, document.baseURI).href : source;

/** What is sent with options without a copy. */
export const streamIn = (weights: unknown): Transferable[] => (weights instanceof ReadableStream ? [weights] : []);
