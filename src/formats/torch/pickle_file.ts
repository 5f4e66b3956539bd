// Pickles inside files: only where one begins is known, and raw data follows.

import { SpadeError } from "../../runtime/errors.ts";
import { parsePickle, PickleInvalid, PickleTruncated } from "./pickle.ts";
import type { PickleResolver, PickleValue } from "./pickle.ts";
import type { RandomAccess } from "../tensors.ts";

/** No state_dict's pickle is near this: a thousand tensors have about 150 kB. */
const MAX_PICKLE = 64 << 20;

/**
 * Reads the pickle at an offset of a file of which only its beginning is known, through a window that grows until the
 * pickle fits. Fails with `file` where it is damaged or cut off, and with whatever the resolver throws.
 */
export async function readPickle(
  access: RandomAccess,
  offset: number,
  resolver: PickleResolver,
  window = 1 << 16,
): Promise<{ value: PickleValue; end: number }> {
  const rest = access.size - offset;
  for (let length = window; ; length *= 4) {
    const bytes = await access.read(offset, Math.min(length, rest));
    try {
      const { value, end } = parsePickle(bytes, 0, resolver);
      return { value, end: offset + end };
    } catch (error) {
      if (error instanceof PickleTruncated && length < rest && length < MAX_PICKLE) continue;
      if (!(error instanceof PickleTruncated || error instanceof PickleInvalid)) throw error;
      const problem =
        error instanceof PickleTruncated ? "its pickle is cut off" : `its pickle is damaged: ${error.message}`;
      throw new SpadeError("file", access.name, problem, "the file is truncated or damaged: fetch or save it again");
    }
  }
}
