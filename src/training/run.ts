// A training run: its nets, what steps them, and where it stands.

import type { ParameterStore } from "../models/weights/parameters.ts";
import type { Position } from "./position.ts";
import type { Nets } from "./step/step.ts";
import type { Stepper } from "./step/stepper.ts";
import type { Styles } from "./styles.ts";

export interface RunParts {
  readonly nets: Nets;
  readonly stepper: Stepper;
  readonly styles: Styles | undefined;
  /** The moving average of G (--ema). */
  readonly average: ParameterStore | undefined;
  readonly position: Position;
  /** The last of every loss. */
  losses: Record<string, number>;
  /** Out of a state, to the bit. */
  readonly resumed: boolean;
  dispose(): void;
}
