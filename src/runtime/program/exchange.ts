// The exchanges of one run: values leave at a cut as soon as they are complete, and what the peers made of them is back before the first
// dispatch that reads it. Dispatches in between run meanwhile.

import type { Cut, Reduction } from "../cut.ts";
import type { Device } from "../device.ts";
import { SpadeError } from "../errors.ts";
import type { Storage } from "../tensor.ts";

/**
 * Exchanges values with the peers. Calls come in the same order on every peer; the next may come before this one resolves.
 *
 * @param cut what to make of the peers' values, and a name for messages
 * @param values this process's own, zeros in gaps
 * @returns as many values: the same on every peer
 */
export type Exchange = (cut: { name: string; reduction: Reduction }, values: Float32Array) => Promise<Float32Array>;

/** A cut of a compiled program. */
export interface PlacedCut extends Cut {
  readonly staging: Storage;
  /** The first dispatch that reads the peers' values. */
  readonly needed: number;
}

/** How a run exchanges: opened by each run of a program with cuts. */
export type OpenExchanges = (device: Device, cuts: readonly PlacedCut[]) => Exchanges;

/** For run({ exchange }). Apart from run.ts, so that what never has peers does not load it. */
export const exchanging =
  (exchange: Exchange): OpenExchanges =>
  (device, cuts) =>
    new Exchanges(device, cuts, exchange);

class Exchanges {
  private readonly pending = new Map<PlacedCut, Promise<void>>();
  private readonly fetches: Promise<unknown>[] = [];
  /** Resolves when the callback of the last started cut has been called. */
  private called: Promise<void> = Promise.resolve();
  private over = false;

  constructor(
    private readonly device: Device,
    private readonly cuts: readonly PlacedCut[],
    private readonly exchange: Exchange,
  ) {}

  /** Numbers of dispatches after which a run has to submit. */
  get ends(): number[] {
    return this.cuts.flatMap(({ ready, needed }) => [ready, needed]);
  }

  /** Starts the exchanges whose values are complete after `done` dispatches. Call it once all of those are submitted. */
  start(done: number): void {
    for (const cut of this.cuts) {
      if (cut.ready !== done) continue;
      const pending = this.run(cut);
      this.pending.set(cut, pending);
      // A run that fails before it needs these values doesn't await them.
      pending.catch(nothing);
    }
  }

  /** Waits for the values that dispatch `next` reads. */
  async finish(next: number): Promise<void> {
    for (const cut of this.cuts) if (cut.needed === next) await this.pending.get(cut);
  }

  /** Ends them, also when the run has failed: nothing more is asked of the peers or written, and the buffers are free for the next run. */
  async close(): Promise<void> {
    this.over = true;
    await Promise.allSettled(this.fetches);
  }

  private run(cut: PlacedCut): Promise<void> {
    const { name, reduction, storage, staging } = cut;
    const fetched = this.device.fetch(name, storage, staging.buffer);
    this.fetches.push(fetched);
    const answer = this.called.then(async () => {
      const values = new Float32Array(await fetched);
      // In an object: returned by itself, the promise would be awaited here, and the next call would wait for this one's answer.
      return { length: values.length, joining: this.over ? undefined : this.exchange({ name, reduction }, values) };
    });
    this.called = answer.then(nothing);
    // Rejects for each cut's own reader; here the order of calls alone matters.
    for (const promise of [fetched, this.called]) promise.catch(nothing);
    return answer.then(async ({ length, joining }) => {
      const joined = await joining;
      if (this.over || !joined) return;
      if (joined.length !== length)
        throw new SpadeError(
          "shape",
          name,
          `the exchange returned ${joined.length} numbers for ${length}`,
          "return as many as were given",
        );
      this.device.upload(storage, joined);
    });
  }
}

const nothing = (): void => undefined;
