// The parts of a training run: nets, stepper, styles, moving average, position.

import type { ParameterStore } from "../models/weights/parameters.ts";
import type { TrainOptions } from "./options.ts";
import type { Peers } from "./peers/peers.ts";
import type { Position } from "./position.ts";
import type { Nets } from "./step/step.ts";
import type { Stepper } from "./step/stepper.ts";
import type { TrainedStyles } from "./styles.ts";

export interface RunParts {
  readonly nets: Nets;
  readonly stepper: Stepper;
  readonly styles: TrainedStyles | undefined;
  /** The moving average of G (--ema). */
  readonly average: ParameterStore | undefined;
  readonly position: Position;
  /** The latest value of every loss. */
  losses: Record<string, number>;
  dispose(): void;
}

/** A run in a folder. */
export interface FolderRun extends RunParts {
  /** Other processes that train it too, each its part of every batch. */
  readonly peers: Peers | undefined;
  /** Those given, with what the run keeps from its beginning. */
  readonly options: TrainOptions;
  /** The run goes on from a saved state, bit for bit. */
  readonly resumed: boolean;
  /** The run was killed before its first save and begins once more. `log`: bytes of the log before it. */
  readonly begunAgain: { readonly log: number } | undefined;
}
