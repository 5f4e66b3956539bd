// The training loop: a G step (every D_steps_per_G batches) and a D step per batch; it saves and reports at the published intervals. Between
// two steps `session.position` is the position to resume from. Random draws depend on the step's number, so that a resumed run repeats
// nothing and misses nothing.

import type { LoadedBatch } from "../datasets/loader.ts";
import { SpadeError } from "../runtime/index.ts";
import { counted } from "../runtime/errors.ts";
import { prepareStep, takeStep } from "./one_step.ts";
import type { TrainOptions } from "./options.ts";
import { agreed, together, type Peers } from "./peers/peers.ts";
import { checkSame } from "./peers/same_weights.ts";
import type { RunParts } from "./run.ts";
import type { Prepared } from "./step/stepper.ts";
import type { TrainResult, TrainUi } from "./ui.ts";

/** Batches, in a fixed order per epoch. */
export interface BatchSource {
  /** Whole batches of an epoch. */
  readonly batchesPerEpoch: number;
  batches(epoch: number, from: number): AsyncIterable<LoadedBatch>;
}

export interface StepReport {
  epoch: number;
  /** Pictures in this epoch so far. */
  iters: number;
  /** Per picture. */
  seconds: number;
  lr: number;
  /** If D learnt alone (D_steps_per_G), G's losses are from the last G step, like in the published code. */
  losses: Record<string, number>;
  /** False: D learnt alone. */
  generator: boolean;
  batch: LoadedBatch;
}

/** Callbacks around the steps. */
export interface LoopHooks {
  /** A gradient overflowed under f16: the step changed nothing, and the loss scale fell. */
  skipped(): void;
  step(report: StepReport): Promise<void>;
  /** After an epoch, before it is saved. */
  epoch(epoch: number): Promise<void>;
  /** After every step, when `position` is the one to resume from. */
  settled(): Promise<void>;
  /** `ended`: the number of the epoch, if one has just ended. */
  save(ended?: number): Promise<void>;
  /** The error for a number that is not finite; it names the layer where the first one appeared. */
  diagnose(prepared: Prepared, paths: readonly string[], losses: Record<string, number>): Promise<SpadeError>;
}

/** True once in `every` pictures, by the published code's test: total % every < batchSize. */
export const due = (total: number, every: number, batchSize: number): boolean => every > 0 && total % every < batchSize;

/** `waited`: milliseconds that steps waited for data, in total. With peers all ranks take the same steps, and stop after the same one. */
export async function runLoop(
  o: TrainOptions,
  session: RunParts & { readonly peers?: Peers },
  source: BatchSource,
  ui: TrainUi,
  hooks: LoopHooks,
): Promise<{ reason: TrainResult["reason"]; waited: number }> {
  const { position, stepper, peers } = session;
  const { batchesPerEpoch } = source;
  checkPosition(o, position.batch, batchesPerEpoch);
  const epochs = o.niter + o.niter_decay;
  const started = performance.now();
  const pace = new Pace();
  let waited = 0;
  const stop = (): Exclude<TrainResult["reason"], "done"> | undefined => {
    if (ui.signal.aborted) return "signal";
    if (position.step >= o.max_steps) return "max_steps";
    if (performance.now() - started >= o.max_minutes * 60e3) return "max_minutes";
    return undefined;
  };
  while (position.epoch <= epochs) {
    const batches = source.batches(position.epoch, position.batch)[Symbol.asyncIterator]();
    /** Reads and prepares the batch that is `ahead` steps after the current one; 1 while the current one runs. */
    const following = async (ahead: number): Promise<Following> => {
      const step = position.step + ahead;
      try {
        const { value, done } = await batches.next();
        if (done) return {};
        const loaded = value as LoadedBatch;
        return { next: { loaded, prepared: prepareStep(o, session, loaded, step) } };
      } catch (error) {
        return { error: error as Error };
      }
    };
    const waitFor = async (coming: Promise<Following>): Promise<Following> => {
      const since = performance.now();
      const found = await coming;
      waited += performance.now() - since;
      return found;
    };
    try {
      const { reason: early } = agreed(peers, stop());
      if (early) return { reason: early, waited };
      const begin = await waitFor(following(0));
      let { next, error }: Following = agreedOn(peers, begin);
      while (next) {
        const { loaded, prepared } = next;
        const begun = performance.now();
        const running = takeStep(o, session, prepared);
        const ahead = following(1);
        const { lr, generator, losses: ownLosses, broken } = await running;
        if (broken)
          await together(peers, async () => {
            throw await hooks.diagnose(prepared, loaded.paths, ownLosses);
          });
        if (stepper.overflowed.length) hooks.skipped();
        const { losses } = session;
        const seconds = (performance.now() - begun) / 1e3;
        pace.add(seconds);
        const left = (epochs - position.epoch + 1) * batchesPerEpoch - position.batch;
        ui.progress({
          epoch: position.epoch,
          epochs,
          step: position.batch,
          steps: batchesPerEpoch,
          losses,
          imagesPerSecond: o.batchSize / pace.seconds,
          secondsLeft: Math.min(
            Math.min(left, o.max_steps - position.step) * pace.seconds,
            o.max_minutes * 60 - (performance.now() - started) / 1e3,
          ),
        });
        const iters = position.batch * o.batchSize;
        const of = { epoch: position.epoch, iters, seconds: seconds / o.batchSize, lr, losses, generator };
        await hooks.step({ ...of, batch: loaded });
        const ended = position.batch === batchesPerEpoch ? position.epoch : undefined;
        if (ended !== undefined) {
          await hooks.epoch(ended);
          position.epoch++;
          position.batch = 0;
        }
        await hooks.settled();
        const { step } = position;
        if (peers?.sync_check && step % peers.sync_check === 0)
          await together(peers, () => checkSame(peers, session.nets, step));
        const own = stop();
        const coming = ended === undefined ? await waitFor(ahead) : {};
        const { reason: why, error: failure } = agreed(peers, own, coming.error);
        const reason = ended === epochs ? "done" : why;
        const after: Following = failure ? { error: failure } : coming;
        if (ended !== undefined && (ended % o.save_epoch_freq === 0 || ended === epochs)) await hooks.save(ended);
        else if (reason || after.error || due(position.pictures, o.save_latest_freq, o.batchSize)) await hooks.save();
        if (reason) return { reason, waited };
        ({ next, error } = after);
      }
      if (error) throw error;
    } finally {
      await batches.return?.();
    }
  }
  return { reason: "done", waited };
}

/** The next batch; neither at an epoch's end. An error is thrown after the current step is done and saved. */
interface Following {
  next?: { loaded: LoadedBatch; prepared: Prepared };
  error?: Error;
}

/** A batch if all ranks have theirs. */
function agreedOn(peers: Peers | undefined, { next, error }: Following): Following {
  const { error: failure } = agreed(peers, undefined, error);
  return failure ? { error: failure } : { next };
}

function checkPosition(o: TrainOptions, batch: number, batchesPerEpoch: number): void {
  if (batchesPerEpoch < 1)
    throw new SpadeError("usage", "data", `are fewer than a batch of ${o.batchSize}`, "lower --batchSize");
  if (batch >= batchesPerEpoch)
    throw new SpadeError(
      "usage",
      `--batchSize ${o.batchSize}`,
      `makes ${counted(batchesPerEpoch, "batch", "batches")} an epoch, and ${batch} of this one ${batch === 1 ? "is" : "are"} done`,
      "go on with the batch size and the pictures that the run began with",
    );
}

/** A running mean of the seconds per step. */
class Pace {
  seconds = 0;

  add(seconds: number): void {
    // The first step includes compiling: forget it quickly.
    this.seconds = this.seconds ? 0.9 * this.seconds + 0.1 * Math.min(seconds, 3 * this.seconds) : seconds;
    if (seconds < this.seconds / 2) this.seconds = seconds;
  }
}
