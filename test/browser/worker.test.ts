// spade-webgpu/worker: the same interface, painting in a worker.

import { beforeAll, expect, test } from "vitest";
import type { Page } from "playwright-core";
import type * as entry from "../../src/worker.ts";
import { serveTiny } from "./files.ts";
import { describePage, type Lab } from "./harness.ts";

interface WorkerLib extends Omit<typeof entry, "SpadeError"> {
  stripes(width: number, height: number, labels: number): entry.LabelMap;
  shown(source: ImageBitmapSource): Promise<string>;
}

const open = (lab: Lab): Promise<Page> => lab.page(undefined, { path: "/pages/session_worker.html" });

describePage("a session in a worker", (lab) => {
  let expected: string;
  beforeAll(async () => {
    ({ expected } = await serveTiny(lab));
  });

  test("paints Node's bytes to an ImageBitmap and to a canvas, tells of progress and notices, and has info and stats", async () => {
    const page = await open(lab);
    const outcome = await page.evaluate(async () => {
      const lib = window.lib as unknown as WorkerLib;
      const progress: number[] = [];
      // Relative to the page, not to the worker's script.
      const spade = await lib.createSpade({
        weights: "../net.safetensors",
        onProgress: (p) => progress.push(p.progress),
      });
      const notice = await new Promise((done) =>
        spade.addEventListener("notice", (e) => done((e as Event & { code: string }).code)),
      );
      const map = lib.stripes(64, 64, 4);
      const bitmap = await spade.generate(map);
      const canvas = document.createElement("canvas");
      await spade.generate(map, { canvas });
      await spade.generate(map, { canvas });
      const file = await lib.shown(await spade.toBlob());
      // The browser shows what a worker has painted on a canvas with one of its next frames; no promise says which.
      const late = performance.now() + 10_000;
      while (performance.now() < late && (canvas.width !== 64 || (await lib.shown(canvas)) !== file))
        await new Promise(requestAnimationFrame);
      const outcome = {
        picture: await lib.shown(bitmap),
        file,
        canvas: await lib.shown(canvas),
        size: [canvas.width, canvas.height],
        width: spade.info.width,
        total: spade.stats!.total > 0,
        map: map.data.length,
        progress: progress.at(-1),
        notice,
      };
      spade.dispose();
      spade.dispose();
      const after = await spade.generate(map).catch((e: { code: string }) => e.code);
      return { ...outcome, after };
    });
    expect(outcome).toEqual({
      ...{ picture: expected, file: expected, canvas: expected },
      ...{
        size: [64, 64],
        width: 64,
        total: true,
        map: 4096,
        progress: 1,
        notice: "software-adapter",
        after: "disposed",
      },
    });
  });

  test("live, its style, idle jobs; a wrong map comes with idle()", async () => {
    const page = await open(lab);
    const outcome = await page.evaluate(async () => {
      const lib = window.lib as unknown as WorkerLib;
      const spade = await lib.createSpade({ weights: "/net.safetensors" });
      const canvas = document.createElement("canvas");
      let frames = 0;
      let newest = 0;
      const live = spade.live({
        canvas,
        onFrame: (s, change) => {
          frames += s.total > 0 ? 1 : 0;
          newest = change;
        },
      });
      for (const labels of [1, 2, 3, 4]) live.update(lib.stripes(64, 64, labels));
      await live.idle();
      const shown = await lib.shown(await spade.toBlob());
      const change = newest;
      const log: string[] = [];
      live.whenIdle(async () => {
        log.push("a");
        await spade.generate(lib.stripes(64, 64, 2));
        log.push("a done");
      });
      await new Promise<void>((done) => live.whenIdle(async () => done()));
      log.push("b");
      live.update(lib.stripes(32, 32, 2));
      const error = await live.idle().catch((e: { code: string }) => e.code);
      live.update(lib.stripes(64, 64, 3));
      await live.idle();
      live.stop();
      return { shown, change, frames, log, error, style: live.style };
    });
    expect(outcome).toMatchObject({ shown: expected, change: 4, log: ["a", "a done", "b"], error: "shape" });
    expect(outcome.frames).toBeGreaterThan(0);
  });

  test("an abort ends one call with its own reason; errors keep their parts", async () => {
    const page = await open(lab);
    const outcome = await page.evaluate(async () => {
      const lib = window.lib as unknown as WorkerLib;
      const spade = await lib.createSpade({ weights: "/net.safetensors" });
      const map = lib.stripes(64, 64, 4);
      const controller = new AbortController();
      const reason = new Error("moved on");
      const aborted = spade.generate(map, { signal: controller.signal }).catch((e: unknown) => e === reason);
      const next = spade.generate(map);
      controller.abort(reason);
      const wrong = await spade.generate({ ...map, width: 65 }).catch((e: Error) => e.name + e.message);
      const canvas = document.createElement("canvas");
      canvas.getContext("2d");
      const busy = await spade.generate(map, { canvas }).catch((e: { code: string }) => e.code);
      const photo = await spade.encode(new Blob(["no picture"])).catch((e: { code: string }) => e.code);
      const missing = await lib.createSpade({ weights: "/none.safetensors" }).catch((e: { code: string }) => e.code);
      const request = await lib
        .createSpade({ weights: new Request("/net.safetensors") })
        .catch((e: { code: string }) => e.code);
      return { aborted: await aborted, picture: await lib.shown(await next), wrong, busy, photo, missing, request };
    });
    expect(outcome).toMatchObject({
      aborted: true,
      picture: expected,
      busy: "busy-canvas",
      photo: "usage",
      missing: "download",
      request: "usage",
    });
    expect(outcome.wrong).toMatch(/^SpadeErrorlabel map: /);
  });

  test("the page's own worker; and one that does not start says what to give", async () => {
    const page = await open(lab);
    const outcome = await page.evaluate(async () => {
      const lib = window.lib as unknown as WorkerLib;
      const own = (script: string) => () => new Worker(script, { type: "module" });
      const weights = "/net.safetensors";
      const spade = await lib.createSpade({ weights, worker: own("/dist/worker_engine.js") });
      const picture = await lib.shown(await spade.generate(lib.stripes(64, 64, 4)));
      const error = await lib.createSpade({ weights, worker: own("/dist/nothing.js") }).catch((e: Error) => e.message);
      return { picture, error };
    });
    expect(outcome.picture).toBe(expected);
    expect(outcome.error).toBe(
      "worker: it does not run (the script can't be loaded); give createSpade({ worker: () => new Worker(...) }) with the script spade-webgpu/worker-engine, a module",
    );
  });

  test("a script of another origin, as from a CDN", async () => {
    const page = await lab.page(undefined, { path: "/pages/plain.html" });
    const other = lab.server.otherOrigin;
    await page.addScriptTag({
      type: "module",
      content: `import * as w from "${other}/dist/worker.js"; window.other = w;`,
    });
    await page.waitForFunction("window.other !== undefined");
    const picture = await page.evaluate(async () => {
      const { lib } = window;
      const { createSpade } = (window as unknown as { other: typeof entry }).other;
      const spade = await createSpade({ weights: "/net.safetensors" });
      const bitmap = await spade.generate(lib.stripes(64, 64, 4));
      const context = new OffscreenCanvas(64, 64).getContext("2d")!;
      context.drawImage(bitmap, 0, 0);
      return lib.sha256(context.getImageData(0, 0, 64, 64).data);
    });
    expect(picture).toBe(expected);
  });
});
