// A queued call.

import type { LabelMap } from "./api.ts";

/** What to paint: copies of a call's arguments, because the caller may change maps and styles meanwhile. */
export interface Painting {
  readonly map: LabelMap;
  readonly instance: LabelMap | undefined;
  readonly z: Float32Array | undefined;
}

/** How a queued call is run. */
export interface How {
  /** The caller's signal or dispose(). */
  readonly signal: AbortSignal;
  /** Milliseconds of a slice. */
  readonly slice?: number;
  /** Called when its turn comes, also when it is run again. */
  readonly begin?: () => void;
}
