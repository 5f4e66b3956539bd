// The worker's side: a session, called by messages.

import type { CanvasOptions, Live, LiveOptions, Spade } from "../../session/api.ts";
import { createSpade } from "../../index.ts";
import { answering, tellEvents, type Scope } from "./answering.ts";
import type { SpadeCalls } from "./messages.ts";

/** Answers the messages of one page. */
export function serve(scope: Scope<SpadeCalls>): void {
  let spade: Spade;
  const canvases = new Map<number, OffscreenCanvas>();
  const lives = new Map<number, Live>();
  const jobs = new Map<number, () => void>();

  answering<SpadeCalls>(
    scope,
    {
      async create(signal, options) {
        spade = await createSpade({ ...options, signal, onProgress: (progress) => scope.postMessage({ progress }) });
        tellEvents(spade, scope, () => ({ info: spade.info }));
        return { info: spade.info };
      },
      async generate(signal, map, { canvas, ...options }) {
        if (canvas !== undefined) {
          const shown: CanvasOptions = { ...options, canvas: canvases.get(canvas)!, signal };
          return void (await spade.generate(map, shown));
        }
        return createImageBitmap(await spade.generate(map, { ...options, signal }));
      },
      encode: async (_, photo) => spade.encode(photo).finally(() => photo.close()),
      encodeRegions: async (_, photo, map, options) =>
        spade.encodeRegions(photo, map, options).finally(() => photo.close()),
      toBlob: (_, type) => spade.toBlob(type),
      canvas: (_, number, canvas) => void canvases.set(number, canvas),
      live(_, number, { canvas, ...options }) {
        const onFrame: LiveOptions["onFrame"] = (stats, change) =>
          scope.postMessage({ frame: { live: number, change }, stats });
        lives.set(number, spade.live({ ...options, canvas: canvases.get(canvas)!, onFrame }));
      },
      update: (_, live, map, options) => lives.get(live)!.update(map, options),
      style: (_, live, style) => void (lives.get(live)!.style = style),
      idle: (_, live) => lives.get(live)!.idle(),
      whenIdle: (_, live) =>
        new Promise((resolve) =>
          lives.get(live)!.whenIdle(() => {
            resolve();
            return new Promise<void>((done) => jobs.set(live, done));
          }),
        ),
      jobDone: (_, live) => jobs.get(live)?.(),
      stop(_, live) {
        lives.get(live)!.stop();
        jobs.get(live)?.();
        lives.delete(live);
      },
    },
    (result) => (result instanceof ImageBitmap ? [result] : []),
    () => ({ stats: spade?.stats ?? null }),
  );
}
