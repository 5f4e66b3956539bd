// Reads pickles inside files, where the start of a pickle is known, its end is not, and raw data may follow.

import { SpadeError } from "../../runtime/errors.ts";
import { parsePickle, PickleInvalid, PickleTruncated } from "./pickle.ts";
import type { PickleResolver, PickleValue } from "./pickle.ts";
import type { RandomAccess } from "../tensors.ts";

/** Limit in bytes, far above the pickle of any state_dict: a thousand tensors take about 150 kB. */
const MAX_PICKLE = 64 << 20;

/**
 * Reads the pickle at `offset`. Its length is unknown, so the read window (first `window` bytes) grows until the pickle
 * fits. Fails with `file` if the pickle is damaged or truncated, and rethrows the resolver's errors.
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
