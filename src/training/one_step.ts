// One step of a run, whoever gives the batches: its random draws, which nets learn, the losses, the styles, and the position after it.

import { kindOf } from "../models/kinds.ts";
import { keyedSeed, normalValues } from "../models/philox.ts";
import { SpadeError } from "../runtime/errors.ts";
import { averageDecay, epochRate, type TrainOptions } from "./options.ts";
import type { RunParts } from "./run.ts";
import { firstNonFinite } from "./step/diagnose.ts";
import type { Batch, Prepared } from "./step/stepper.ts";

/** Prepares a batch with the draws of step `step` (from 0). */
export const prepareStep = (o: TrainOptions, { stepper }: RunParts, batch: Batch, step: number): Prepared =>
  stepper.prepare({ ...batch, ...noise(o, step, stepper) });

/** What one step did. */
export interface StepDone {
  lr: number;
  /** False: D learnt alone (D_steps_per_G). */
  generator: boolean;
  /** Of this step alone; RunParts.losses has the latest value of every loss. */
  losses: Record<string, number>;
  /** A loss or a gradient is not finite: nothing is counted, and the caller throws. */
  broken: boolean;
}

/** Takes the step at the run's position and moves the position on, unless the step is broken. */
export async function takeStep(o: TrainOptions, run: RunParts, prepared: Prepared): Promise<StepDone> {
  const { position, stepper } = run;
  const lr = epochRate(o, position.epoch);
  const generator = position.batch % o.D_steps_per_G === 0;
  const decay = averageDecay(o.ema, position.step + 1);
  const losses = await stepper.step(prepared, { lr, decay, generator });
  const broken = isBroken(losses, stepper, o);
  if (broken) return { lr, generator, losses, broken };
  run.losses = { ...run.losses, ...losses };
  if (generator && run.styles) run.styles.add(await stepper.mu());
  position.batch++;
  position.step++;
  position.pictures += o.batchSize;
  return { lr, generator, losses, broken };
}

/** f16 gradients may overflow: the step is skipped and the loss scale halved, until the scale is at its minimum. */
function isBroken(losses: Record<string, number>, stepper: RunParts["stepper"], o: TrainOptions): boolean {
  if (Object.values(losses).some((v) => !Number.isFinite(v))) return true;
  return stepper.overflowed.length > 0 && (o.dtype === "f32" || stepper.scaleIsSpent);
}

/**
 * The draws of a step, separate ones for the G step and the D step: the encoder's N(0,1), the seeds of the generator's planes. Those of the
 * whole batch, of which a peer takes its pictures'.
 */
function noise(
  o: TrainOptions,
  step: number,
  { images, options: { peers } }: RunParts["stepper"],
): Pick<Batch, "epsG" | "epsD" | "noiseG" | "noiseD"> {
  const seed = (name: string): number => keyedSeed(o.seed, `${name} ${step}`);
  const own = images * o.z_dim;
  const from = (peers?.rank ?? 0) * own;
  const draw = (name: string): Float32Array =>
    normalValues(seed(name), o.batchSize * o.z_dim).subarray(from, from + own);
  return {
    ...(o.use_vae && { epsG: draw("eps G"), epsD: draw("eps D") }),
    ...((o.add_noise || kindOf(o).regions) && { noiseG: seed("noise G"), noiseD: seed("noise D") }),
  };
}

/**
 * The error for a broken step; it names the layer where the first number was not finite.
 * @param on the batch, in words
 * @param fix what the user can do
 */
export async function brokenStep(
  { stepper, position }: RunParts,
  prepared: Prepared,
  losses: Readonly<Record<string, number>>,
  on: string,
  fix: string,
): Promise<SpadeError> {
  const bad = Object.keys(losses).filter((name) => !Number.isFinite(losses[name]));
  const what = bad.length ? `loss ${bad.join(", ")} is ${losses[bad[0]]}` : "a gradient is not finite";
  const failed = stepper.overflowed.length ? stepper.overflowed : bad.map((n) => (n.startsWith("D_") ? "D" : "G"));
  const watched = firstNonFinite(stepper, [...new Set(failed)], prepared);
  // Keeping all layers of the step may need more memory than there is.
  const where = await watched.catch((error: Error) => `a layer that was not found (${error.message})`);
  return new SpadeError(
    "integrity",
    `step ${position.step + 1}, on ${on}`,
    `${what}; first seen in ${where ?? "no layer when the step was run again"}`,
    fix,
  );
}
