// The loop: epochs of batches, a G step and a D step each, saving and telling at the published moments. Where it stands is in
// `session.position` at every moment between two steps; what it draws goes by the step's number, so that a resumed run repeats nothing
// and misses nothing.

import type { LoadedBatch } from "../datasets/loader.ts";
import { keyedSeed, normalValues } from "../models/philox.ts";
import { SpadeError } from "../runtime/index.ts";
import { epochRate, type TrainOptions } from "./options.ts";
import type { Session } from "./session.ts";
import type { Prepared } from "./stepper.ts";
import type { TrainResult, TrainUi } from "./ui.ts";

/** Batches in a fixed order a epoch. */
export interface BatchSource {
  /** Whole batches of an epoch. */
  readonly batchesPerEpoch: number;
  batches(epoch: number, from: number): AsyncIterable<LoadedBatch>;
}

export interface StepReport {
  epoch: number;
  /** Pictures of this epoch. */
  iters: number;
  /** Per picture. */
  seconds: number;
  lr: number;
  losses: Record<string, number>;
  batch: LoadedBatch;
}

/** What happens around the steps. */
export interface LoopHooks {
  step(report: StepReport): Promise<void>;
  /** `ended`: the number of the epoch that has just ended. */
  save(ended?: number): Promise<void>;
  /** After an epoch, before it is saved. */
  epoch(epoch: number): Promise<void>;
  /** Names the layer where a number that is not finite first appeared. */
  diagnose(prepared: Prepared, paths: readonly string[], losses: Record<string, number>): Promise<SpadeError>;
}

/** True once in `every` pictures, as the published code counts: total % every < batchSize. */
export const due = (total: number, every: number, batchSize: number): boolean => every > 0 && total % every < batchSize;

export async function runLoop(
  o: TrainOptions,
  session: Session,
  source: BatchSource,
  ui: TrainUi,
  hooks: LoopHooks,
): Promise<TrainResult["reason"]> {
  const { position, stepper } = session;
  if (source.batchesPerEpoch < 1)
    throw new SpadeError("usage", "data", `are fewer than a batch of ${o.batchSize}`, "lower --batchSize");
  const epochs = o.niter + o.niter_decay;
  const started = performance.now();
  const pace = new Pace();
  const stop = (): TrainResult["reason"] | undefined => {
    if (ui.signal.aborted) return "signal";
    if (position.step >= o.max_steps) return "max_steps";
    if (performance.now() - started >= o.max_minutes * 60e3) return "max_minutes";
    return undefined;
  };
  while (position.epoch <= epochs) {
    const lr = epochRate(o, position.epoch);
    const batches = source.batches(position.epoch, position.batch)[Symbol.asyncIterator]();
    /** The batch after the one at hand: read and looked up while that one runs. */
    const following = async (ahead: number): Promise<{ loaded: LoadedBatch; prepared: Prepared } | undefined> => {
      const { value, done } = await batches.next();
      if (done) return undefined;
      const loaded = value as LoadedBatch;
      return { loaded, prepared: stepper.prepare({ ...loaded, ...noise(o, position.step + ahead) }) };
    };
    try {
      let next = stop() ? undefined : await following(0);
      while (next) {
        const { loaded, prepared } = next;
        const begun = performance.now();
        const running = stepper.step(prepared, { lr, generator: position.batch % o.D_steps_per_G === 0 });
        const [losses, after] = await Promise.all([running, following(1)]);
        // f16 gradients may overflow: that step is skipped, and the loss scale halved.
        const broken =
          Object.values(losses).some((v) => !Number.isFinite(v)) || (stepper.overflowed && o.dtype === "f32");
        if (broken) throw await hooks.diagnose(prepared, loaded.paths, losses);
        if (o.use_vae && session.styles && "KLD" in losses) session.styles.add(await stepper.mu());
        position.batch++;
        position.step++;
        position.pictures += o.batchSize;
        const seconds = (performance.now() - begun) / 1e3;
        pace.add(seconds);
        const left = (epochs - position.epoch) * source.batchesPerEpoch + source.batchesPerEpoch - position.batch;
        ui.progress({
          epoch: position.epoch,
          epochs,
          step: position.batch,
          steps: source.batchesPerEpoch,
          losses,
          imagesPerSecond: o.batchSize / pace.seconds,
          secondsLeft: left * pace.seconds,
        });
        const iters = position.batch * o.batchSize;
        await hooks.step({ epoch: position.epoch, iters, seconds: seconds / o.batchSize, lr, losses, batch: loaded });
        const ended = position.batch === source.batchesPerEpoch ? position.epoch : undefined;
        if (ended !== undefined) {
          await hooks.epoch(ended);
          position.epoch++;
          position.batch = 0;
        }
        const reason = ended === epochs ? "done" : stop();
        if (ended !== undefined && (ended % o.save_epoch_freq === 0 || ended === epochs)) await hooks.save(ended);
        else if (reason || due(position.pictures, o.save_latest_freq, o.batchSize)) await hooks.save();
        if (reason) return reason;
        next = ended === undefined ? after : undefined;
      }
      const reason = stop();
      if (reason) return reason;
    } finally {
      await batches.return?.();
    }
  }
  return "done";
}

/** The encoder's draws of a step: N(0,1), of their own for the G step and for the D step. */
function noise(o: TrainOptions, step: number): { epsG?: Float32Array; epsD?: Float32Array } {
  if (!o.use_vae) return {};
  const draw = (name: string): Float32Array =>
    normalValues(keyedSeed(o.seed, `${name} ${step}`), o.batchSize * o.z_dim);
  return { epsG: draw("eps G"), epsD: draw("eps D") };
}

/** Seconds a step, lately. */
class Pace {
  seconds = 0;

  add(seconds: number): void {
    // The first step compiles: it is forgotten quickly.
    this.seconds = this.seconds ? 0.9 * this.seconds + 0.1 * Math.min(seconds, 3 * this.seconds) : seconds;
    if (seconds < this.seconds / 2) this.seconds = seconds;
  }
}
