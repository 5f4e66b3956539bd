// Opens any source that a page may have, Node too: bytes in memory, a Blob, or an address to fetch.

import { isArrayBuffer } from "./checks.ts";
import type { Source } from "./api.ts";
import { checkHead, HEAD_BYTES } from "../formats/checkpoint.ts";
import { blobAccess, bytesAccess, type RandomAccess } from "../formats/tensors.ts";
import { foreign, SpadeError } from "../runtime/index.ts";

/** Most bytes of a download: five times the largest published generator (COCO, f32). */
const MOST_BYTES = 2 ** 31;

/**
 * @param report gets the downloaded bytes, and the total where the server gives it
 * @throws SpadeError download, file; signal.reason on abort
 */
export async function openSource(
  source: Source,
  report: (loaded: number, total: number | undefined) => void,
  signal?: AbortSignal,
): Promise<RandomAccess> {
  if (source instanceof Blob) return blobAccess(source);
  if (isArrayBuffer(source)) return bytesAccess(new Uint8Array(source), "weights");
  if (ArrayBuffer.isView(source)) return bytesAccess(source, "weights");
  const url = foreign(source instanceof Request ? source.url : String(source));
  const fail = (problem: string, fix: string, cause?: unknown): SpadeError =>
    new SpadeError("download", url, problem, fix, cause);
  const response = await fetch(source, { signal }).catch((cause: unknown) => {
    signal?.throwIfAborted();
    const fix = "check the address, and that its server allows this page (CORS)";
    throw fail(`can't be fetched (${reasonOf(cause)})`, fix, cause);
  });
  if (!response.ok || !response.body)
    throw fail(`the server answers ${response.status} ${response.statusText}`, "check the address");
  const length = Number(response.headers.get("content-length")) || undefined;
  const reader = response.body.getReader();
  try {
    return blobAccess(new Blob(await download(reader, url, length, report)), url);
  } catch (cause) {
    // Ends the download too; of a broken connection there is nothing to end.
    await reader.cancel().catch(() => undefined);
    signal?.throwIfAborted();
    throw cause;
  }
}

/** Reads to the end; stops as soon as the first bytes are no checkpoint's, or there are too many. */
async function download(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  url: string,
  length: number | undefined,
  report: (loaded: number, total: number | undefined) => void,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let loaded = 0;
  let checked = false;
  const check = async (): Promise<void> => {
    checkHead(url, new Uint8Array(await new Blob(parts).slice(0, HEAD_BYTES).arrayBuffer()));
    checked = true;
  };
  for (;;) {
    if (Math.max(loaded, length ?? 0) > MOST_BYTES)
      throw new SpadeError("download", url, `is larger than ${MOST_BYTES / 2 ** 20} MiB`, "check the address");
    const { done, value } = await reader.read().catch((cause: unknown) => {
      const of = length ? ` of ${length}` : "";
      const problem = `the connection broke after ${loaded}${of} bytes (${reasonOf(cause)})`;
      throw new SpadeError("download", url, problem, "try again", cause);
    });
    if (done) break;
    parts.push(value as Uint8Array<ArrayBuffer>);
    report((loaded += value.length), length);
    if (!checked && loaded >= HEAD_BYTES) await check();
  }
  if (!checked) await check();
  return parts;
}

/** fetch rejects with "fetch failed" or "terminated" and has the reason in `cause`. */
function reasonOf(error: unknown): string {
  const { message, cause } = (error ?? {}) as { message?: string; cause?: { message?: string } };
  return foreign(cause?.message || message || String(error));
}
