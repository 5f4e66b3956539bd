// What sessions have in common: a queue of calls, a net that outlives its GPU, events, an end.

import { SpadeError } from "../runtime/index.ts";
import { Announcing, type Notice } from "./announcing.ts";
import type { Spade } from "./api.ts";
import { checkDevice } from "./checks.ts";
import type { BareHost } from "./host.ts";
import type { How } from "./job.ts";
import { LastingNet, type OnDevice, type Where } from "./opening/lasting.ts";

/** A net that was opened. */
interface Announced extends OnDevice {
  readonly notices: readonly Notice[];
}

export abstract class Session<O extends Announced, W extends Where> extends Announcing {
  protected readonly net: LastingNet<O, W>;
  private readonly ending = new AbortController();
  private queue: Promise<unknown> = Promise.resolve();

  /**
   * @param name in messages: "Spade"
   * @param openAgain opens the same net on another device
   */
  constructor(
    protected readonly host: BareHost,
    private readonly name: string,
    options: W,
    opened: O,
    openAgain: (options: W) => Promise<O>,
  ) {
    super();
    this.net = new LastingNet(host, options, opened, openAgain, {
      lost: (reason, willRestore) => this.tell("lost", { reason, willRestore }),
      restored: () => this.tell("restored"),
    });
    // Once the caller of createSpade has had time to add a listener.
    setTimeout(() => opened.notices.forEach((notice) => this.announce(notice)), 0);
  }

  /** A signal for a call: the caller's, or dispose(). */
  until(signal?: AbortSignal): AbortSignal {
    return AbortSignal.any([this.ending.signal, ...(signal ? [signal] : [])]);
  }

  /**
   * Runs `body` after the calls before it, with the net on a device that lives; again, if the device is lost meanwhile. Rejects at once on
   * abort, even while queued: a running call ends with its slice, and the next one waits for that.
   */
  protected queued<R>({ signal, begin }: How, body: (opened: O) => Promise<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      signal.throwIfAborted();
      const stop = (): void => reject(signal.reason as Error);
      signal.addEventListener("abort", stop, { once: true });
      const turn = async (): Promise<R | undefined> => {
        while (!signal.aborted) {
          const opened = await this.net.open();
          begin?.();
          try {
            const result = await body(opened);
            if (this.net.isCurrent(opened)) return result;
          } catch (error) {
            if (this.net.isCurrent(opened)) throw error;
          }
        }
        return undefined;
      };
      this.queue = this.queue
        .then(turn)
        .then((result) => resolve(result as R), reject)
        .finally(() => signal.removeEventListener("abort", stop));
    });
  }

  /** See Spade.restore. */
  async restore(device: Parameters<Spade["restore"]>[0]): Promise<void> {
    this.check("restore");
    checkDevice("restore", device);
    await this.net.restore(device);
  }

  protected get disposed(): boolean {
    return this.ending.signal.aborted;
  }

  /** @internal @throws SpadeError disposed */
  check(where: string): void {
    if (this.disposed) throw this.gone(where);
  }

  private gone(where: string): SpadeError {
    return new SpadeError("disposed", where, `this ${this.name} was disposed`, "create a new one");
  }

  dispose(): void {
    if (this.disposed) return;
    const reason = this.gone("dispose");
    this.ending.abort(reason);
    this.net.dispose(reason);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
