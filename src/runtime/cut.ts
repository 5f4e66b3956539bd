// A cut: a point of a record at which peers (processes that train the same nets on other parts of a batch) exchange tensors. The tensors
// lie in one kept buffer, whose bytes the run hands to a callback and replaces by what comes back.

import { SpadeError } from "./errors.ts";
import { aligned, describe, paperStorage, viewOf, type Storage, type Tensor } from "./tensor.ts";

/**
 * What the peers' values become:
 *
 * - mean: the mean over all peers, number by number (gradients)
 * - sum: the sum over all peers (gradients of statistics)
 * - moments: three rows of stored channels (n, mean, M2 = sum (x - mean)^2), joined as if one process had seen all values (Chan, Golub and LeVeque 1983)
 */
export type Reduction = "mean" | "sum" | "moments";

export interface CutSpec {
  readonly name: string;
  readonly reduction: Reduction;
  /** f32 temporaries that are computed by now. */
  readonly tensors: readonly Tensor[];
}

export interface Cut extends CutSpec {
  /** Holds the tensors in order, each from a multiple of 256 bytes on. */
  readonly storage: Storage;
  /** The values are complete after this many dispatches; those between it and `at` don't bind them. */
  readonly ready: number;
  /** Number of dispatches recorded before the cut. Later ones read what the peers made of the values. */
  readonly at: number;
}

/** Gives the tensors of a cut their places. @throws SpadeError usage: a tensor is no f32 temporary */
export function makeCut(
  spec: CutSpec,
  dispatches: readonly { readonly bindings: Readonly<Record<string, { readonly tensor: Tensor }>> }[],
): Cut {
  const mine = new Set(spec.tensors);
  const ready = 1 + dispatches.findLastIndex((d) => Object.values(d.bindings).some((b) => mine.has(b.tensor)));
  let bytes = 0;
  const offsets = spec.tensors.map((t) => {
    const offset = aligned(bytes);
    bytes = offset + t.bytes;
    return offset;
  });
  const storage = paperStorage(spec.name, bytes);
  spec.tensors.forEach((t, i) => {
    if (t.home !== "temp" || t.dtype !== "f32" || !ready)
      throw new SpadeError(
        "usage",
        `${spec.name}, ${describe(t)}`,
        ready ? `is ${t.home} and can't be exchanged` : "is exchanged before anything computes it",
        "exchange f32 temporaries that are computed by now, each once",
      );
    t.home = "kept";
    t.storage = viewOf(storage, offsets[i], t.bytes);
  });
  return { ...spec, storage, ready, at: dispatches.length };
}
