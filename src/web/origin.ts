// Where weights come from: an address (fetched, with resumption), a stream, a Blob or bytes. All give their bytes from any offset on, the
// stream only from its start.

import type { Source } from "../session/api.ts";
import { foreign, SpadeError } from "../runtime/errors.ts";

export type Fetch = typeof fetch;

/** A body, from some byte of the file on. */
export interface Body {
  readonly stream: ReadableStream<Uint8Array>;
  /** The first byte of the stream within the file. */
  readonly from: number;
  /** Bytes of the whole file, if the server says so and does not compress. */
  readonly size: number | undefined;
  /** Tells versions of the file at one address apart: ETag or Last-Modified. */
  readonly validator: string | undefined;
}

export interface Origin {
  /** A file name or address, for messages. */
  readonly name: string;
  /** The address, if it can be fetched again: for caches, manifests and resumption. */
  readonly url?: string;
  /** @throws SpadeError download; signal.reason on abort */
  open(from: number, to: number | undefined, signal: AbortSignal | undefined): Promise<Body>;
}

/** An origin for everything but bytes and Blobs, which need no download. */
export function originOf(source: Exclude<Source, Blob | ArrayBuffer | Uint8Array>, get: Fetch): Origin {
  if (source instanceof ReadableStream)
    return once("the stream", new Response(source as ReadableStream<Uint8Array<ArrayBuffer>>));
  if (source instanceof Response) {
    const name = foreign(source.url) || "the response";
    return once(name, checked(source, name));
  }
  const request = source instanceof Request ? source : undefined;
  const url = request?.url ?? wholeAddress(source as string | URL);
  const name = foreign(url);
  return {
    name,
    url,
    async open(from, to, signal) {
      const headers = new Headers(request?.headers);
      // One simple range needs no preflight.
      if (from || to !== undefined) headers.set("range", `bytes=${from}-${to === undefined ? "" : to - 1}`);
      const response = await get(request ? new Request(request, { headers }) : url, { signal, headers }).catch(
        (cause: unknown) => {
          signal?.throwIfAborted();
          const fix = "check the address, and that its server allows this page (CORS)";
          throw new SpadeError("download", name, `can't be fetched (${reasonOf(cause)})`, fix, cause);
        },
      );
      return bodyOf(checked(response, name), name);
    },
  };
}

/** Relative addresses are the page's, or the worker's script's; Node has no base, and gives whole ones. @throws SpadeError usage */
function wholeAddress(address: string | URL): string {
  try {
    return new URL(address, globalThis.document?.baseURI ?? globalThis.location?.href).href;
  } catch (cause) {
    throw new SpadeError(
      "usage",
      foreign(String(address)),
      "is no address",
      "give one that begins with https://",
      cause,
    );
  }
}

/** @throws SpadeError download: no success; with a cause if that may pass, like errors of the network */
function checked(response: Response, name: string): Response {
  const { ok, body, status, statusText } = response;
  if (ok && body) return response;
  void body?.cancel().catch(() => undefined);
  const answer = `the server answers ${status} ${foreign(statusText)}`.trim();
  if (status < 500 && status !== 408 && status !== 429)
    throw new SpadeError("download", name, answer, "check the address");
  throw new SpadeError("download", name, answer, "try again later", new Error(answer));
}

function bodyOf({ body, headers, status }: Pick<Response, "body" | "headers" | "status">, name: string): Body {
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
  if (status === 206 && !range)
    throw new SpadeError("download", name, "the server sends a part and does not say which", "check the server");
  // Of a compressed body, content-length counts compressed bytes.
  const length = headers.get("content-encoding") ? undefined : Number(headers.get("content-length")) || undefined;
  return {
    stream: body!,
    from: range ? Number(range[1]) : 0,
    size: range ? Number(range[2]) || undefined : length,
    validator: headers.get("etag") ?? headers.get("last-modified") ?? undefined,
  };
}

/** What can be read once. */
function once(name: string, response: Response): Origin {
  let open = true;
  return {
    name,
    open: (from) => {
      if (!open || from)
        return Promise.reject(
          new SpadeError("download", name, "broke off and can't be opened again", "give an address instead"),
        );
      open = false;
      return Promise.resolve(bodyOf(response, name));
    },
  };
}

/** fetch rejects with "fetch failed" or "terminated" and has the reason in `cause`. */
export function reasonOf(error: unknown): string {
  const { message, cause } = (error ?? {}) as { message?: string; cause?: { message?: string } };
  return foreign(cause?.message || message || String(error));
}
