// Reads ahead: for files of very many small records, where every read is a call of the system.

import { checkRange } from "../tensors.ts";
import type { RandomAccess } from "../tensors.ts";

const WINDOW = 1 << 16;
/** Longer reads go to the file. */
const SMALL = 1 << 12;

/** The same bytes; small reads come out of the last window that was read. */
export function windowed(access: RandomAccess): RandomAccess {
  let start = 0;
  let window: Uint8Array | undefined;
  return {
    name: access.name,
    size: access.size,
    async read(offset, length) {
      checkRange(access.name, access.size, offset, length);
      if (length > SMALL) return access.read(offset, length);
      if (!window || offset < start || offset + length > start + window.length) {
        window = await access.read(offset, Math.min(WINDOW, access.size - offset));
        start = offset;
      }
      // A copy: a tensor's few bytes must not keep the window in memory.
      return window.slice(offset - start, offset - start + length);
    },
  };
}
