// The worker's side: a session, called by messages.

import type { CanvasOptions, Live, Spade } from "../../session/api.ts";
import { createSpade, SpadeError } from "../../index.ts";
import type { Answer, ArgumentsOf, CallName, PlainError, Request, ResultOf } from "./messages.ts";

/** A worker's global scope; TypeScript's DOM library has only the page's. */
interface Scope {
  postMessage(message: Answer, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<Request>) => void) | null;
}

const plain = (error: unknown): PlainError => {
  if (!(error instanceof SpadeError)) return { message: String((error as Error)?.message ?? error) };
  const { code, where, problem, fix, message } = error;
  return { message, spade: { code, where, problem, fix } };
};

/** Answers the messages of one page. */
export function serve(scope: Scope): void {
  let spade: Spade;
  const canvases = new Map<number, OffscreenCanvas>();
  const lives = new Map<number, Live>();
  const jobs = new Map<number, () => void>();
  const aborts = new Map<number, AbortController>();

  const calls: {
    [K in CallName]: (signal: AbortSignal, ...args: ArgumentsOf<K>) => ResultOf<K> | Promise<ResultOf<K>>;
  } = {
    async create(signal, options) {
      spade = await createSpade({ ...options, signal, onProgress: (progress) => scope.postMessage({ progress }) });
      for (const event of ["lost", "restored", "notice"] as const)
        spade.addEventListener(event, (e) => {
          const { reason, willRestore, code, message, fix } = e as unknown as Record<string, unknown>;
          scope.postMessage({ event, detail: { reason, willRestore, code, message, fix }, info: spade.info });
        });
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
    toBlob: (_, type) => spade.toBlob(type),
    canvas: (_, number, canvas) => void canvases.set(number, canvas),
    live(_, number, { canvas, ...options }) {
      const onFrame = (): void => scope.postMessage({ frame: number, stats: spade.stats! });
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
  };

  const answer = async ({ id, call, args }: Exclude<Request, { abort: number }>): Promise<void> => {
    const abort = new AbortController();
    aborts.set(id, abort);
    try {
      const result: unknown = await (calls[call] as (...all: unknown[]) => unknown)(abort.signal, ...args);
      const transfer = result instanceof ImageBitmap ? [result] : [];
      scope.postMessage({ id, result, stats: spade?.stats ?? null }, transfer);
    } catch (error) {
      scope.postMessage({ id, error: plain(error) });
    } finally {
      aborts.delete(id);
    }
  };
  scope.onmessage = ({ data }) => {
    if ("abort" in data) aborts.get(data.abort)?.abort();
    else void answer(data);
  };
}
