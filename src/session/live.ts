// Paints maps as they change: always the newest.

import type { GenerateOptions, LabelMap, Live } from "./api.ts";
import type { How, Painting } from "./job.ts";
import type { Sink } from "./sinks.ts";

/** Length of a slice, in ms: shorter than a frame, so that the page's frames are drawn in between. */
const SLICE_MS = 12;

/** What live needs of a session. */
interface Painter {
  painting(map: LabelMap, instance: LabelMap | undefined, style: GenerateOptions["style"]): Painting;
  styleOf(style: GenerateOptions["style"]): Float32Array | undefined;
  until(signal?: AbortSignal): AbortSignal;
  paint(what: Painting, sink: Sink<void>, how: How): Promise<void>;
  announceFailure(error: unknown): void;
  check(where: string): void;
}

/** A picture under way. */
interface Begun {
  readonly abort: AbortController;
  /** When its turn came; until then there is nothing to give up. */
  at?: number;
}

export class LivePainter implements Live {
  private wish: GenerateOptions["style"];
  private z: Float32Array | undefined;
  /** The newest map, and whether it has to be painted. */
  private newest: Painting | undefined;
  private due = false;
  /** Maps and styles that were given. */
  private change = 0;
  private begun: Begun | undefined;
  private working = false;
  private readonly ending = new AbortController();
  private failure: { error: unknown } | undefined;
  private waiting: { resolve: () => void; reject: (error: unknown) => void }[] = [];
  private readonly jobs: (() => Promise<unknown>)[] = [];
  /** When a picture was shown last, and how long one usually takes, in ms. */
  private shownAt = -Infinity;
  private usual = Infinity;
  private gaveUp = false;

  /** @param onShown called with each picture that is shown, and the number of the change that it shows */
  constructor(
    private readonly spade: Painter,
    private readonly sink: Sink<void>,
    style: GenerateOptions["style"],
    private readonly onShown: (what: Painting, change: number) => void,
  ) {
    this.wish = style;
    this.z = spade.styleOf(style);
  }

  update(map: LabelMap, { instance }: { instance?: LabelMap } = {}): void {
    this.spade.check("update");
    if (this.ending.signal.aborted) return;
    const what = { ...this.spade.painting(map, instance, undefined), z: this.z };
    this.change++;
    this.paintNext(what);
    void this.work();
  }

  get style(): GenerateOptions["style"] {
    return this.wish;
  }

  set style(style: GenerateOptions["style"]) {
    this.z = this.spade.styleOf(style);
    this.wish = style;
    this.change++;
    if (!this.newest) return;
    this.paintNext({ ...this.newest, z: this.z });
    if (this.mayGiveUp()) {
      this.gaveUp = true;
      this.begun!.abort.abort();
    }
    void this.work();
  }

  private paintNext(what: Painting): void {
    this.newest = what;
    this.due = true;
    this.failure = undefined;
  }

  /**
   * A picture of another style is of no use. One of an earlier map is: in a stroke the next change always comes at once, and what begins anew
   * is late for all. Early on, if something was shown lately and the picture before was not given up.
   */
  private mayGiveUp(): boolean {
    const { begun, usual } = this;
    const now = performance.now();
    if (begun?.at === undefined || this.gaveUp) return false;
    return now - begun.at < usual / 2 && now - this.shownAt < 2 * usual;
  }

  private async work(): Promise<void> {
    if (this.working) return;
    this.working = true;
    try {
      while (!this.ending.signal.aborted) {
        if (this.due) await this.paintNewest();
        else {
          this.settle();
          const job = this.jobs.shift();
          if (!job) break;
          await job().catch((error: unknown) => this.spade.announceFailure(error));
        }
      }
    } finally {
      this.working = false;
    }
  }

  private async paintNewest(): Promise<void> {
    const [what, change] = [this.newest!, this.change];
    this.due = false;
    const begun: Begun = (this.begun = { abort: new AbortController() });
    const signal = this.spade.until(AbortSignal.any([begun.abort.signal, this.ending.signal]));
    try {
      await this.spade.paint(what, this.sink, {
        signal,
        slice: SLICE_MS,
        begin: () => (begun.at = performance.now()),
      });
      const now = performance.now();
      const took = now - begun.at!;
      // Half old, half new: times differ from edit to edit.
      this.usual = this.usual === Infinity ? took : (this.usual + took) / 2;
      this.shownAt = now;
      this.gaveUp = false;
      this.onShown(what, change);
    } catch (error) {
      if (begun.abort.signal.aborted || this.ending.signal.aborted) return;
      this.failure = { error };
    } finally {
      this.begun = undefined;
    }
  }

  /** Tells those who wait that the newest map is shown, or what it failed with. */
  private settle(): void {
    const { failure } = this;
    const waiting = this.waiting.splice(0);
    if (failure && !waiting.length) this.spade.announceFailure(failure.error);
    for (const { resolve, reject } of waiting)
      if (failure) reject(failure.error);
      else resolve();
  }

  idle(): Promise<void> {
    if (!this.working || this.ending.signal.aborted)
      return this.failure ? Promise.reject(this.failure.error as Error) : Promise.resolve();
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  whenIdle(job: () => Promise<unknown>): void {
    this.jobs.push(job);
    void this.work();
  }

  stop(): void {
    this.ending.abort();
    this.newest = undefined;
    this.jobs.length = 0;
    for (const { resolve } of this.waiting.splice(0)) resolve();
  }
}
