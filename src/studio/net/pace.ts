// When a picture is asked for: with every change where pictures are fast, else when the hand pauses.

import { signal } from "@preact/signals";
import type { Stats } from "../../index.ts";

/** Up to this long, in ms, a picture follows the brush, and goes on to up to SLOW: pictures of about 400 ms would else come now so, now so. */
const FAST = 400;
const SLOW = 600;
/** The hand pauses when nothing has changed for so long, in ms. */
const PAUSE = 300;

export class Pace {
  /** Pictures follow the brush; else they are painted when the hand pauses. */
  readonly follows = signal(true);
  private readonly times: number[] = [];
  private waiting: ReturnType<typeof setTimeout> | undefined;

  /** Takes the time of a picture. The median of the last five counts; of a new map, whose tables no stroke has to wait for, the net's part. */
  note({ total, network, present, windows, newWindows }: Stats): void {
    this.times.push(newWindows > windows / 2 ? network + present : total);
    if (this.times.length > 5) this.times.shift();
    const sorted = [...this.times].sort((a, b) => a - b);
    this.follows.value = sorted[sorted.length >> 1] < (this.follows.value ? SLOW : FAST);
  }

  /** Something has changed. @param within a stroke is under way */
  changed(paint: () => void, within: boolean): void {
    clearTimeout(this.waiting);
    if (this.follows.value || !within) paint();
    else this.waiting = setTimeout(paint, PAUSE);
  }
}
