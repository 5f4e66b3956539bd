// Writing a model to disk in pieces, under its name only once it is whole.

import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";

export function writeModelFile(path: string, chunks: Iterable<Uint8Array>): void {
  const part = `${path}.part`;
  const file = openSync(part, "w");
  try {
    try {
      for (const chunk of chunks) {
        for (let at = 0; at < chunk.length;) at += writeSync(file, chunk, at);
      }
    } finally {
      closeSync(file);
    }
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}
