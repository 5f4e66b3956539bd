// Live painting: the newest map, no long gaps, frames in between, idle jobs.

import { beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { serveTiny } from "./files.ts";
import { describePage, type Lab } from "./harness.ts";

interface Stroke {
  /** ms between one shown picture and the next; the last entry: until idle. */
  gaps: number[];
  /** ms of a picture. */
  totals: number[];
  /** ms from one animation frame to the next. */
  frames: number[];
  updates: number;
  newWindows: number[];
  /** The hash of the canvas, and of generate() with the last map. */
  shown: string;
  expected: string;
}

/** A 3 s stroke of a brush at 60 events a second over the map, on a live canvas. */
const stroke = (page: Page, weights: string, seconds = 3): Promise<Stroke> =>
  page.evaluate(
    async ({ weights, seconds }) => {
      const { lib } = window;
      const { spade, error } = await lib.load({ weights });
      if (error) throw new Error(error.message);
      const { width, height, labels } = spade!.info;
      const map = lib.stripes(width, height, labels.length, 16);
      const canvas = document.body.appendChild(document.createElement("canvas"));
      const shownAt: number[] = [];
      const totals: number[] = [];
      const newWindows: number[] = [];
      const live = spade!.live({
        canvas,
        onFrame: (s) => {
          shownAt.push(performance.now());
          totals.push(s.total);
          newWindows.push(s.newWindows);
        },
      });
      live.update(map);
      await live.idle();
      const frames: number[] = [];
      let last = performance.now();
      let counting = true;
      const count = (now: number): void => {
        frames.push(now - last);
        last = now;
        if (counting) requestAnimationFrame(count);
      };
      requestAnimationFrame(count);
      const begun = performance.now();
      const from = shownAt.length;
      let updates = 0;
      // Events come by the clock, as from a pointer.
      while (performance.now() - begun < 1000 * seconds) {
        const t = (performance.now() - begun) / 1000;
        const cx = Math.floor((0.5 + 0.4 * Math.sin(2 * t)) * (width - 8));
        const cy = Math.floor((0.5 + 0.4 * Math.cos(3 * t)) * (height - 8));
        for (let y = cy; y < cy + 8; y++) map.data.fill(1, y * width + cx, y * width + cx + 8);
        live.update(map);
        updates++;
        await new Promise((done) => setTimeout(done, Math.max(0, begun + (updates * 1000) / 60 - performance.now())));
      }
      counting = false;
      await live.idle();
      const times = [begun, ...shownAt.slice(from)];
      const context = canvas.getContext("2d")!;
      const shown = await lib.sha256(context.getImageData(0, 0, width, height).data);
      live.stop();
      return {
        gaps: times.slice(1).map((t, i) => t - times[i]),
        totals: totals.slice(from),
        frames: frames.slice(1),
        updates,
        newWindows: newWindows.slice(from),
        shown,
        expected: await lib.paint(spade!, map),
      };
    },
    { weights, seconds },
  );

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1];

async function open(lab: Lab): Promise<Page> {
  return lab.page();
}

describePage("live painting", (lab) => {
  let expected: string;
  beforeAll(async () => {
    ({ expected } = await serveTiny(lab));
  });

  test(
    "a stroke on the street net: a picture at least every 2.5 picture times, frames in between, the last map shown",
    { timeout: 60_000 },
    async () => {
      const s = await stroke(await open(lab), "/weights/street_net_G.safetensors");
      expect(s.shown).toBe(s.expected);
      expect(s.updates).toBeGreaterThan(100);
      // Several pictures a second, on two busy cores too.
      expect(s.gaps.length).toBeGreaterThan(6);
      s.gaps.forEach((gap, i) => expect(gap).toBeLessThan(2.5 * Math.max(s.totals[i], median(s.totals))));
      expect(median(s.frames)).toBeLessThan(25);
      expect(Math.min(...s.newWindows)).toBeLessThan(500);
    },
  );

  test("update() paints the newest map alone, copied at the call; style paints again", async () => {
    const page = await open(lab);
    const outcome = await page.evaluate(async () => {
      const { lib } = window;
      const { spade } = await lib.load({ weights: "/net.safetensors" });
      const canvas = new OffscreenCanvas(1, 1);
      let frames = 0;
      let newest = 0;
      const onFrame = (_: unknown, change: number) => {
        frames++;
        newest = change;
      };
      const live = spade!.live({ canvas, onFrame });
      const map = lib.stripes(64, 64, 3);
      for (let i = 0; i < 20; i++) {
        map.data.fill(i % 4);
        live.update(map);
      }
      live.update(lib.stripes(64, 64, 4));
      map.data.fill(0);
      await live.idle();
      const shown = newest;
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, 64, 64);
      let style: unknown;
      try {
        live.style = 3;
      } catch (e) {
        style = lib.plainError(e).code;
      }
      return { picture: await lib.sha256(data), frames, shown, style };
    });
    expect(outcome).toMatchObject({ picture: expected, shown: 21, style: "unsupported" });
    expect(outcome.frames).toBeLessThanOrEqual(3);
  });

  test("idle jobs run one at a time, when nothing is to be painted; generate() goes on beside it", async () => {
    const page = await open(lab);
    const log = await page.evaluate(async () => {
      const { lib } = window;
      const { spade } = await lib.load({ weights: "/net.safetensors" });
      const log: string[] = [];
      const live = spade!.live({ canvas: new OffscreenCanvas(1, 1), onFrame: () => log.push("frame") });
      const map = lib.stripes(64, 64, 4);
      live.update(map);
      const job = (name: string) => async () => {
        log.push(name);
        await spade!.generate(map);
        log.push(`${name} done`);
      };
      live.whenIdle(job("a"));
      live.whenIdle(job("b"));
      live.whenIdle(() => Promise.reject(new Error("no room")));
      const notice = new Promise<string>((done) =>
        spade!.addEventListener("notice", (e) => {
          const { message } = e as Event & { message: string };
          if (message.includes("no room")) done(message);
        }),
      );
      log.push(await notice);
      return log;
    });
    expect(log).toEqual(["frame", "a", "a done", "b", "b done", "Error: no room"]);
  });

  test("wrong maps throw at once; stop() ends it; dispose() ends what waits", async () => {
    const page = await open(lab);
    const outcome = await page.evaluate(async () => {
      const { lib } = window;
      const { spade } = await lib.load({ weights: "/net.safetensors" });
      const canvas = new OffscreenCanvas(1, 1);
      let frames = 0;
      const live = spade!.live({ canvas, onFrame: () => frames++ });
      let code: unknown;
      try {
        live.update(lib.stripes(32, 64, 4));
      } catch (e) {
        code = lib.plainError(e).code;
      }
      live.update(lib.stripes(64, 64, 4));
      live.stop();
      await live.idle();
      live.update(lib.stripes(64, 64, 4));
      await live.idle();
      const other = spade!.live({ canvas });
      other.update(lib.stripes(64, 64, 4));
      const idle = other.idle().then(
        () => "idle",
        (e: unknown) => lib.plainError(e).code,
      );
      spade!.dispose();
      let after: unknown;
      try {
        other.update(lib.stripes(64, 64, 4));
      } catch (e) {
        after = lib.plainError(e).code;
      }
      return { code, frames, idle: await idle, after };
    });
    expect(outcome).toEqual({ code: "shape", frames: 0, idle: "disposed", after: "disposed" });
  });

  test("it survives the loss of the GPU", async () => {
    const page = await lab.page(undefined, {
      before: `const { requestDevice } = GPUAdapter.prototype;
        GPUAdapter.prototype.requestDevice = async function (...a) { return (window.device = await requestDevice.apply(this, a)); };`,
    });
    const picture = await page.evaluate(async () => {
      const { lib } = window;
      const { spade } = await lib.load({ weights: "/net.safetensors" });
      const canvas = new OffscreenCanvas(1, 1);
      const live = spade!.live({ canvas });
      live.update(lib.stripes(64, 64, 3));
      await live.idle();
      live.update(lib.stripes(64, 64, 4));
      (window as unknown as { device: GPUDevice }).device.destroy();
      await live.idle();
      return lib.sha256(canvas.getContext("2d")!.getImageData(0, 0, 64, 64).data);
    });
    expect(picture).toBe(expected);
  });
});
