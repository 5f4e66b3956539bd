// Reads a range of an origin to its end. A connection that breaks is opened again where it broke.

import { SpadeError } from "../runtime/errors.ts";
import { pause } from "../runtime/yield.ts";
import { reasonOf, type Body, type Origin } from "./origin.ts";

/** Milliseconds before each attempt to go on; after as many failures in a row without a byte, it gives up. */
const PAUSES = [300, 1000, 3000];

export interface DownloadOptions {
  /** The first byte wanted. */
  readonly from: number;
  /** The byte behind the last one wanted; undefined while nobody knows the file's size. */
  end(): number | undefined;
  /** Ask the server for nothing behind `end`. */
  readonly partial?: boolean;
  /** A body that is open already, from any byte up to `from`. */
  readonly first?: Body;
  readonly signal?: AbortSignal;
}

/** Bytes of one read where a stream fills buffers of ours. */
const STEP = 2 ** 19;

interface Reader {
  read(): Promise<{ done: boolean; value?: Uint8Array }>;
  cancel(): Promise<void>;
}

/** Reads a stream; into one buffer again and again where it can fill it, as a body of fetch does, so that no garbage is left. */
export function readerOf(stream: ReadableStream<Uint8Array>): Reader {
  let filling: ReadableStreamBYOBReader;
  try {
    filling = stream.getReader({ mode: "byob" });
  } catch {
    return stream.getReader();
  }
  let buffer = new ArrayBuffer(STEP);
  return {
    async read() {
      const { done, value } = await filling.read(new Uint8Array(buffer));
      if (value) buffer = value.buffer;
      return { done, value };
    },
    cancel: () => filling.cancel(),
  };
}

/**
 * Yields the bytes in order; each piece is valid until the next.
 * @throws SpadeError download: broken for good, or the file changed meanwhile; signal.reason on abort
 */
export async function* download(origin: Origin, o: DownloadOptions): AsyncGenerator<Uint8Array, void> {
  const { signal, end } = o;
  let { first } = o;
  let at = o.from;
  let validator = first?.validator;
  let opened = false;
  for (let failures = 0; ;) {
    let reader: Reader | undefined;
    try {
      const body = first ?? (await origin.open(at, o.partial ? end() : undefined, signal));
      first = undefined;
      opened = true;
      const reading = (reader = readerOf(body.stream));
      // A body of fetch ends by itself; a stream of the page's may have stalled.
      signal?.addEventListener("abort", () => void reading.cancel().catch(() => undefined), { once: true });
      if ((validator ??= body.validator) !== body.validator || body.from > at)
        throw new SpadeError("download", origin.name, "changed while it was downloaded", "load it again");
      let skip = at - body.from;
      for (;;) {
        const { done, value } = await reader.read();
        if (done || !value) break;
        const fresh = value.subarray(Math.min(skip, value.length));
        skip -= value.length - fresh.length;
        const chunk = fresh.subarray(0, Math.max(0, (end() ?? Infinity) - at));
        if (!chunk.length && at < (end() ?? Infinity)) continue;
        at += chunk.length;
        failures = 0;
        yield chunk;
        if (at >= (end() ?? Infinity)) return;
      }
      signal?.throwIfAborted();
      if (at >= (end() ?? 0)) return;
      throw new Error("it ended early");
    } catch (cause) {
      signal?.throwIfAborted();
      // What the server says of the file does not pass; errors of the network may.
      if (cause instanceof SpadeError && cause.cause === undefined) throw cause;
      if (cause instanceof SpadeError && !opened && failures >= PAUSES.length) throw cause;
      if (!origin.url || failures >= PAUSES.length) throw broken(origin, at, end(), cause);
      await pause(PAUSES[failures++], signal);
    } finally {
      // Ends the download; of a broken connection there is nothing to end.
      await reader?.cancel().catch(() => undefined);
    }
  }
}

function broken({ name }: Origin, at: number, end: number | undefined, cause: unknown): SpadeError {
  const of = end === undefined ? "" : ` of ${end}`;
  const problem = `the connection broke after ${at}${of} bytes (${reasonOf(cause instanceof SpadeError ? cause.cause : cause)})`;
  return new SpadeError("download", name, problem, "try again", cause);
}
