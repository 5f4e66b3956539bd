// What a rank other than 0 does around the steps: nothing but to find faults. Rank 0 saves, records and validates.

import type { SpadeError } from "../../runtime/errors.ts";
import type { LoopHooks } from "../loop.ts";
import { brokenStep } from "../one_step.ts";
import type { FolderRun } from "../run.ts";
import type { Prepared } from "../step/stepper.ts";

const nothing = (): Promise<void> => Promise.resolve();

export const LOWER_RATE = "lower --lr and go on from the last checkpoint with --continue_train";

export const following = (session: FolderRun): LoopHooks => ({
  skipped: () => undefined,
  step: nothing,
  epoch: nothing,
  settled: nothing,
  save: nothing,
  diagnose: (prepared: Prepared, paths: readonly string[], losses: Record<string, number>): Promise<SpadeError> =>
    brokenStep(session, prepared, losses, paths.join(", "), LOWER_RATE),
});
