// What is measured in the studio's page while a stroke is painted, beside what the studio counts itself.

import type { Page } from "playwright-core";
import type { Studio } from "../../src/studio/studio.ts";

/** Times in ms on the page's clock. */
export interface Recording {
  /** From a change of the map to the picture of it on the canvas. */
  latencies: number[];
  /** The same as `studio.latencies` counts it. */
  counted: number[];
  /** Changes that no picture showed. */
  missed: number;
  /** From a pointer event's time stamp to the change that it made: what the browser takes, and the page's thread. */
  delays: number[];
  /** From one animation frame to the next, from the press to the release. */
  frames: number[];
  /** Pictures from the press to the last one. */
  pictures: number;
  /** From the press to the last picture. */
  duration: number;
  /** Pictures followed the brush all the time; else some were painted when the hand paused. */
  followed: boolean;
  /** `stats.total` of each picture, and of these the part of the windows that were new. */
  totals: number[];
  newWindows: number[];
}

declare global {
  /** Of src/studio/main.tsx. */
  var spadeStudio: Studio;
  /** Ends the recording. */
  var endOfRecording: () => Recording;
}

/** Begins to record. */
export async function record(page: Page): Promise<() => Promise<Recording>> {
  await page.evaluate(() => {
    const studio = spadeStudio;
    const changes: number[] = [];
    const shows: { now: number; at: number }[] = [];
    const delays: number[] = [];
    const frames: number[] = [];
    const totals: number[] = [];
    const newWindows: number[] = [];
    let [pressed, released, stamp] = [Infinity, Infinity, 0];
    let followed = true;
    let counting = true;
    const counted = studio.latencies.length;

    const end = new AbortController();
    const listen = (type: "pointerdown" | "pointermove" | "pointerup", then: (event: PointerEvent) => void): void =>
      addEventListener(type, then, { capture: true, signal: end.signal });
    listen("pointerdown", () => (pressed = performance.now()));
    listen("pointermove", (event) => (stamp = event.timeStamp));
    listen("pointerup", () => (released = performance.now()));

    const { version } = studio.doc.peek();
    const before = version.peek();
    const stops = [
      version.subscribe((v) => {
        if (v === before) return;
        const now = performance.now();
        changes.push(now);
        if (stamp) delays.push(now - stamp);
      }),
      studio.pace.follows.subscribe((follows) => (followed &&= follows)),
      studio.engine.peek().stats.subscribe((stats) => {
        if (!stats || !changes.length) return;
        totals.push(stats.total);
        newWindows.push(stats.newWindows / stats.windows);
      }),
    ];
    const context = CanvasRenderingContext2D.prototype;
    const put = Object.getOwnPropertyDescriptor(context, "putImageData")!;
    context.putImageData = function (this: CanvasRenderingContext2D, ...args: unknown[]): void {
      (put.value as (...args: unknown[]) => void).apply(this, args);
      if (this.canvas.closest(".sight")) shows.push({ now: performance.now(), at: studio.shown.peek()!.at ?? 0 });
    };
    const frame = (now: number): void => {
      frames.push(now);
      if (counting) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);

    globalThis.endOfRecording = () => {
      counting = false;
      end.abort();
      for (const stop of stops) stop();
      Object.defineProperty(context, "putImageData", put);
      // The first picture that knows of a change made then or later.
      const shown = changes.map((change) => shows.find(({ at, now }) => at >= change && now >= change));
      const during = frames.filter((now) => now >= pressed && now <= released);
      return {
        latencies: changes.flatMap((change, i) => (shown[i] ? [shown[i].now - change] : [])),
        counted: studio.latencies.slice(counted),
        missed: shown.filter((picture) => !picture).length,
        delays,
        frames: during.slice(1).map((now, i) => now - during[i]),
        pictures: shows.length,
        duration: shows.at(-1)!.now - pressed,
        followed,
        totals,
        newWindows,
      };
    };
  });
  return () => page.evaluate(() => endOfRecording());
}
