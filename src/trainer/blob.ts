// A Sink that makes a Blob: a browser may keep its bytes on the disk.

import type { Sink } from "../formats/tensors.ts";

export function blobSink(): Sink & { blob(): Blob } {
  let parts: Blob[] = [];
  return {
    write: async (bytes) => void parts.push(new Blob([bytes as Uint8Array<ArrayBuffer>])),
    close: async () => undefined,
    abort: async () => void (parts = []),
    blob: () => new Blob(parts, { type: "application/octet-stream" }),
  };
}
