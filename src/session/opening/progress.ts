// What onProgress is called with.

import type { Progress, SpadeOptions } from "../api.ts";

/** The share of each phase in the total progress; they overlap. */
const SHARES = { download: 0.5, upload: 0.1, compile: 0.4 } as const;

export type Report = (phase: Progress["phase"], loaded: number, total: number | undefined) => void;

/** Calls onProgress with a total progress that never decreases, and reaches 1 with "ready". */
export function reporter(
  onProgress: SpadeOptions["onProgress"],
  cached: () => boolean,
  share: Readonly<Record<Exclude<Progress["phase"], "ready">, number>> = SHARES,
): Report {
  const shares = { download: 0, upload: 0, compile: 0 };
  let reached = 0;
  return (phase, loaded, total) => {
    if (phase !== "ready" && total) shares[phase] = Math.min(1, loaded / total) * share[phase];
    const sum = phase === "ready" ? 1 : shares.download + shares.upload + shares.compile;
    // Rounding must not give 1 before everything is there.
    reached = Math.max(reached, phase === "ready" ? 1 : Math.min(sum, 0.999));
    onProgress?.({ phase, loaded, total, progress: reached, cached: cached() });
  };
}
