// The GPU is lost: destroyed, or its process crashes. Sessions with a device of their own paint on.

import { beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import { pictureInNode, serveTiny, tiny } from "./files.ts";
import { describePage, type Lab } from "./harness.ts";

/** npm run test:long: 50. */
const LOSSES = process.env.SPADE_LONG === "1" ? 50 : 10;

/** Notes every device that the page opens, so that tests can destroy it. */
const DEVICES = `
window.devices = [];
const { requestDevice } = GPUAdapter.prototype;
GPUAdapter.prototype.requestDevice = async function (...args) {
  const device = await requestDevice.apply(this, args);
  devices.push(device);
  return device;
};`;

declare global {
  interface Window {
    devices: GPUDevice[];
    events: string[];
    spade: import("../../src/index.ts").Spade;
  }
}

/** A page with a session in `window.spade`, whose events are noted in `window.events`. */
async function opened(lab: Lab, weights = "/net.safetensors"): Promise<Page> {
  const page = await lab.page(undefined, { before: DEVICES });
  await page.evaluate(async (weights) => {
    window.events = [];
    window.spade = (await window.lib.load({ weights })).spade!;
    const note = (e: Event) => {
      const { type, reason, willRestore } = e as Event & { reason?: string; willRestore?: boolean };
      window.events.push([type, reason, willRestore].filter((v) => v !== undefined).join(" "));
    };
    for (const type of ["lost", "restored"]) window.spade.addEventListener(type, note);
  }, weights);
  return page;
}

async function crash(lab: Lab): Promise<void> {
  const session = await lab.browser.newBrowserCDPSession();
  // It does not answer: the process is gone.
  void session.send("Browser.crashGpuProcess" as never).catch(() => undefined);
  await new Promise((done) => setTimeout(done, 500));
}

describePage("a lost GPU", (lab) => {
  let bytes: Uint8Array;
  let expected: string;
  beforeAll(async () => {
    ({ bytes, expected } = await serveTiny(lab));
  });

  test("destroyed while it paints: the call resolves with the right picture, from the cache", async () => {
    const page = await opened(lab);
    const outcome = await page.evaluate(async () => {
      const { lib, spade } = window;
      const map = lib.stripes(64, 64, 4);
      const calls = [lib.paint(spade, map), lib.paint(spade, map)];
      window.devices[0].destroy();
      const pictures = await Promise.all(calls);
      return { pictures, events: window.events, devices: window.devices.length, gpu: spade.info.bytes.gpu > 0 };
    });
    expect(outcome).toEqual({
      pictures: [expected, expected],
      events: ["lost destroyed true", "restored"],
      devices: 2,
      gpu: true,
    });
    expect(lab.server.sent("/net.safetensors")).toBe(bytes.length);
  });

  test("a second loss within a minute is final, and says what to do", async () => {
    const page = await opened(lab);
    const outcome = await page.evaluate(async () => {
      const { lib, spade } = window;
      const map = lib.stripes(64, 64, 4);
      window.devices[0].destroy();
      const first = await lib.paint(spade, map);
      window.devices[1].destroy();
      const error = await lib.paint(spade, map).catch((e: unknown) => lib.plainError(e));
      return { first, error, events: window.events };
    });
    expect(outcome.first).toBe(expected);
    expect(outcome.error).toMatchObject({ code: "device-lost" });
    expect((outcome.error as { message: string }).message).toMatch(
      /^GPU: the GPU was lost twice within a minute \(.*; reload the page/,
    );
    expect(outcome.events).toEqual(["lost destroyed true", "restored", "lost destroyed false"]);
  });

  test("weights from a stream can't be read again: the error says so", async () => {
    const page = await lab.page(undefined, { before: DEVICES });
    const error = await page.evaluate(async () => {
      const { lib } = window;
      const { spade } = await lib.load({ weights: await fetch("/net.safetensors") });
      window.devices[0].destroy();
      return lib.paint(spade!, lib.stripes(64, 64, 4)).catch((e: unknown) => lib.plainError(e));
    });
    expect(error).toMatchObject({
      code: "device-lost",
      fix: "create a new one; give an address, which can be read again",
    });
  });

  test("destroyed while it loads: it loads once more", async () => {
    const page = await lab.page(undefined, { before: DEVICES });
    const picture = await page.evaluate(async () => {
      const { lib } = window;
      const loading = lib.load({ weights: "/net.safetensors" });
      while (!window.devices.length) await new Promise((done) => setTimeout(done, 1));
      window.devices[0].destroy();
      const { spade, error } = await loading;
      return error?.message ?? lib.paint(spade!, lib.stripes(64, 64, 4));
    });
    expect(picture).toBe(expected);
  });

  test("a borrowed device: never replaced, restored with the page's next one, and alive after dispose()", async () => {
    const page = await lab.page();
    const outcome = await page.evaluate(async () => {
      const { lib } = window;
      const device = async () => (await navigator.gpu.requestAdapter())!.requestDevice();
      const [first, second] = [await device(), await device()];
      const spade = await lib.createSpade({ weights: "/net.safetensors", device: first });
      spade.addEventListener("notice", () => undefined);
      const map = lib.stripes(64, 64, 4);
      const before = await lib.paint(spade, map);
      first.destroy();
      const error = await lib.paint(spade, map).catch((e: unknown) => lib.plainError(e));
      await spade.restore(second);
      const after = await lib.paint(spade, map);
      spade.dispose();
      const alive = second.createBuffer({ size: 4, usage: 8 });
      await second.queue.onSubmittedWorkDone();
      return {
        before,
        error,
        after,
        size: alive.size,
        lost: await Promise.race([second.lost.then(() => "lost"), Promise.resolve("alive")]),
      };
    });
    expect(outcome).toMatchObject({ before: expected, after: expected, size: 4, lost: "alive" });
    expect(outcome.error).toMatchObject({ code: "device-lost", fix: "give a new one: restore(device)" });
  });

  test(
    `${LOSSES} losses at random moments: each picture is right, or an error says the GPU was lost`,
    { timeout: 180_000 },
    async () => {
      const page = await lab.page(undefined, { before: DEVICES });
      const outcomes = await page.evaluate(async (losses) => {
        const { lib } = window;
        const map = lib.stripes(64, 64, 4);
        const outcomes: string[] = [];
        for (let i = 0; i < losses; i++) {
          const from = window.devices.length;
          const loading = lib.load({ weights: "/net.safetensors" });
          // A third loads when its device is lost, the others paint.
          const early = i % 3 === 0;
          const { spade, error } = early
            ? await Promise.race([
                loading,
                new Promise<{ spade: undefined; error: undefined }>((done) => setTimeout(done, (20 * i) % 400, {})),
              ])
            : await loading;
          const calls = spade ? [lib.paint(spade, map), lib.paint(spade, map)] : [];
          await new Promise((done) => setTimeout(done, (7 * i) % 45));
          window.devices[from]?.destroy();
          const late = error ? undefined : (await loading).spade;
          if (late && !calls.length) calls.push(lib.paint(late, map));
          for (const call of calls) outcomes.push(await call.catch((e: { code: string }) => e.code));
          late?.dispose();
        }
        return outcomes;
      }, LOSSES);
      expect(outcomes.length).toBeGreaterThan(1.25 * LOSSES);
      expect(new Set(outcomes)).toEqual(new Set([expected]));
    },
  );
});

describePage("a crash of the GPU process", (lab) => {
  test("the picture under way is right; the second crash says to reload", { timeout: 60_000 }, async () => {
    const bytes = await tiny();
    const expected = await pictureInNode(bytes);
    lab.server.put("/net.safetensors", bytes);
    const page = await opened(lab);
    const paint = (): Promise<string[]> =>
      page.evaluate(async () => {
        const { lib, spade } = window;
        const map = lib.stripes(64, 64, 4);
        const outcomes: string[] = [];
        const until = performance.now() + 1500;
        while (performance.now() < until)
          outcomes.push(await lib.paint(spade, map).catch((e: unknown) => lib.plainError(e).message));
        return outcomes;
      });
    const painting = paint();
    await crash(lab);
    expect(new Set(await painting)).toEqual(new Set([expected]));
    expect(await page.evaluate(() => window.events)).toEqual(["lost unknown true", "restored"]);
    const again = paint();
    await crash(lab);
    const outcomes = await again;
    expect(outcomes.at(-1)).toMatch(
      /^WebGPU: the browser has switched it off for this page after its GPU process crashed; reload the page$/,
    );
    expect(outcomes.filter((o) => o !== expected && o !== outcomes.at(-1))).toEqual([]);
    // And the reload works.
    await page.reload();
    await page.waitForFunction("window.lib !== undefined");
    const picture = await page.evaluate(async () => {
      const { spade, error } = await window.lib.load({ weights: "/net.safetensors" });
      return error?.message ?? window.lib.paint(spade!, window.lib.stripes(64, 64, 4));
    });
    expect(picture).toBe(expected);
  });
});
