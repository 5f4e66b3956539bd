// A net that outlives its GPU device: alive -> lost -> being opened again -> alive, or given up. The weights come from the cache.

import type { SpadeOptions } from "../api.ts";
import type { BareHost } from "../host.ts";
import { supported } from "./supported.ts";
import { SpadeError, whenLost, type Device } from "../../runtime/index.ts";

/** A second loss within this time is not repaired: whatever took the device would take the next one too. */
const AGAIN_MS = 60_000;

/** Of the options of an opening. */
export type Where = Pick<SpadeOptions, "weights" | "device" | "signal">;

/** Whether weights can be read a second time, and the device is ours to open. */
const canOpenAgain = ({ weights, device }: Where): boolean =>
  !device && !(weights instanceof Response || weights instanceof ReadableStream);

/** Opens, and once more if the GPU was lost meanwhile. */
export const openLasting = <O>(options: Where, open: () => Promise<O>): Promise<O> =>
  open().catch((error: unknown) => {
    if (error instanceof SpadeError && error.code === "device-lost" && canOpenAgain(options)) return open();
    throw error;
  });

/** What lasts. */
export interface OnDevice {
  readonly device: Device;
  dispose(): void;
}

export interface LossEvents {
  lost(reason: "destroyed" | "unknown", willRestore: boolean): void;
  restored(): void;
}

export class LastingNet<O extends OnDevice, W extends Where> {
  /** The net that is open, or was last. */
  latest: O;
  /** Its successor, while it is being opened; rejected, if there will be none. */
  private next: Promise<O> | undefined;
  /** It could not be opened for now. */
  private retry = false;
  private lostAt = -Infinity;
  private readonly ending = new AbortController();

  /** @param openAgain opens the same net on another device */
  constructor(
    private readonly host: Pick<BareHost, "openDevice">,
    private readonly options: W,
    first: O,
    private readonly openAgain: (options: W) => Promise<O>,
    private readonly events: LossEvents,
  ) {
    this.latest = first;
    whenLost(first.device.gpu, this);
  }

  /**
   * The net on a device that lives; waits while one is being opened.
   * @throws SpadeError device-lost, webgpu-blocked: given up; whatever opening throws
   */
  async open(): Promise<O> {
    this.deviceLost();
    if (this.retry) this.wait(this.reopen(this.options), true);
    return this.next ?? this.latest;
  }

  /** Whether `opened` is still in use. If not, what was computed with it may be wrong, and open() gives another. */
  isCurrent(opened: O): boolean {
    this.deviceLost();
    return !this.next && this.latest === opened;
  }

  /** @internal Called after Device.deviceLost, and before and after every use: the browser may tell later than it fails. */
  deviceLost(): void {
    const { latest, options } = this;
    if (this.next || latest.device.state !== "lost") return;
    const { lostBy } = latest.device;
    const again = performance.now() - this.lostAt < AGAIN_MS;
    const willRestore = !again && canOpenAgain(options);
    this.lostAt = performance.now();
    latest.dispose();
    this.wait(willRestore ? this.reopen(options) : this.giveUp(again), willRestore);
    this.events.lost(lostBy, willRestore);
  }

  /** Goes on with another device of the page. @throws SpadeError usage, and whatever opening throws */
  async restore(device: GPUDevice): Promise<void> {
    if (!this.options.device)
      throw new SpadeError("usage", "restore", "this device is not borrowed", "wait for the event restored");
    this.latest.dispose();
    this.wait(this.reopen({ ...this.options, device }), false);
    await this.next;
  }

  /** @param hopeful the page was told that it will paint again */
  private wait(next: Promise<O>, hopeful: boolean): void {
    this.next = next;
    this.retry = false;
    next.then(
      (opened) => {
        if (this.next === next) this.next = undefined;
        this.deviceLost();
        if (this.latest === opened) this.events.restored();
      },
      (error: unknown) => {
        if (this.ending.signal.aborted || this.next !== next) return;
        // The weights may be there again at the next call.
        this.retry = error instanceof SpadeError && error.code === "download";
        if (hopeful && !this.retry) this.events.lost("unknown", false);
      },
    );
  }

  private async reopen(options: W): Promise<O> {
    const opened = await this.openAgain({ ...options, signal: this.ending.signal });
    this.latest = opened;
    whenLost(opened.device.gpu, this);
    return opened;
  }

  private async giveUp(again: boolean): Promise<never> {
    const { device } = this.latest;
    // What helps differs if the browser has switched WebGPU off.
    const answer = device.owned ? await supported(this.host.openDevice) : undefined;
    if (answer?.ok === false && answer.error.code === "webgpu-blocked") throw answer.error;
    const [problem, fix] = !device.owned
      ? ["the page's device was lost", "give a new one: restore(device)"]
      : again
        ? ["the GPU was lost twice within a minute", "reload the page; if that does not help, use a smaller net"]
        : [
            "the GPU was lost, and the weights came from a stream",
            "create a new one; give an address, which can be read again",
          ];
    throw new SpadeError("device-lost", "GPU", `${problem} (${device.lostReason})`, fix);
  }

  dispose(reason: SpadeError): void {
    this.ending.abort(reason);
    this.latest.dispose();
    this.next?.then((opened) => opened.dispose()).catch(() => undefined);
  }
}
