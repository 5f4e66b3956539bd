// The page's side: the interface of a session, by messages to a worker.

import type {
  CanvasOptions,
  GenerateOptions,
  LabelMap,
  Live,
  LiveOptions,
  Progress,
  Spade,
  SpadeInfo,
  SpadeOptions,
  Stats,
  Style,
} from "../../session/api.ts";
import { Announcing, type Notice } from "../../session/announcing.ts";
import { SpadeError } from "../../runtime/errors.ts";
import type { Answer, ArgumentsOf, CallName, PlainError, PlainOptions, ResultOf } from "./messages.ts";

type Canvas = LiveOptions["canvas"];

/**
 * As SpadeOptions, without what only a page's thread can give: `device`, `fetch`, a cache of its own. Weights are an address, a Blob, bytes or
 * a stream.
 */
export interface WorkerOptions extends Omit<SpadeOptions, "device" | "fetch" | "cache"> {
  /** Keep downloaded weights for the next visit, in the browser's Cache storage; true. */
  cache?: boolean;
  /** Makes the worker, where the bundler or the page's CSP wants it so: its script is `spade-webgpu/worker-engine`, a module. */
  worker?: () => Worker;
}

/**
 * A Spade in a worker. generate() gives an ImageBitmap. A canvas is handed over to the worker at its first use, so it must have no context
 * and be used by one WorkerSpade only. There are no textures and no borrowed device.
 */
export interface WorkerSpade extends Omit<Spade, "generate" | "restore"> {
  generate(map: LabelMap, options: CanvasOptions): Promise<void>;
  generate(map: LabelMap, options?: GenerateOptions): Promise<ImageBitmap>;
}

interface Pending {
  resolve(result: never): void;
  reject(error: unknown): void;
}

const gone = (): SpadeError => new SpadeError("disposed", "worker", "this Spade was disposed", "create a new one");

const restored = ({ message, spade }: PlainError): Error =>
  spade ? new SpadeError(spade.code, spade.where, spade.problem, spade.fix) : new Error(message);

/** The error of a worker that does not start. */
export const notStarted = (why: string, cause?: unknown): SpadeError =>
  new SpadeError(
    "unsupported",
    "worker",
    `it does not run (${why})`,
    "give createSpade({ worker: () => new Worker(...) }) with the script spade-webgpu/worker-engine, a module",
    cause,
  );

/** Numbers of the canvases that were handed over. */
const numbers = new WeakMap<Canvas, number>();
let count = 0;

export class Client extends Announcing implements WorkerSpade {
  info!: SpadeInfo;
  stats: Stats | null = null;
  private readonly pending = new Map<number, Pending>();
  private readonly frames = new Map<number, (stats: Stats) => void>();
  private disposed = false;
  /** Events that came before anybody could listen. */
  private readonly early: (() => void)[] = [];
  private opened = false;

  constructor(
    private readonly worker: Worker,
    private readonly onProgress?: (p: Progress) => void,
  ) {
    super();
    worker.onmessage = ({ data }: MessageEvent<Answer>) => this.answer(data);
    worker.onerror = (event) => {
      event.preventDefault?.();
      this.end(notStarted(event.message || "the script can't be loaded"));
    };
  }

  private answer(answer: Answer): void {
    if ("progress" in answer) return this.onProgress?.(answer.progress);
    if ("frame" in answer) {
      this.stats = answer.stats;
      return this.frames.get(answer.frame)?.(answer.stats);
    }
    if ("event" in answer) {
      this.info = answer.info;
      const { event, detail } = answer;
      const tell = (): void => (event === "notice" ? this.announce(detail as Notice) : this.tell(event, detail));
      return void (this.opened ? tell() : this.early.push(tell));
    }
    const call = this.pending.get(answer.id);
    this.pending.delete(answer.id);
    if ("error" in answer) return call?.reject(restored(answer.error));
    this.stats = answer.stats;
    call?.resolve(answer.result as never);
  }

  /** @internal */
  call<K extends CallName>(
    call: K,
    args: ArgumentsOf<K>,
    { signal, transfer = [] }: { signal?: AbortSignal; transfer?: Transferable[] } = {},
  ): Promise<ResultOf<K>> {
    if (this.disposed) return Promise.reject(gone());
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    const id = ++count;
    return new Promise<ResultOf<K>>((resolve, reject) => {
      const stop = (): void => {
        this.worker.postMessage({ abort: id });
        reject(signal!.reason as Error);
      };
      signal?.addEventListener("abort", stop, { once: true });
      const end =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          signal?.removeEventListener("abort", stop);
          then(value);
        };
      this.pending.set(id, { resolve: end(resolve), reject: end(reject) });
      try {
        this.worker.postMessage({ id, call, args }, transfer);
      } catch (cause) {
        this.pending.delete(id);
        const problem = `takes only what can be sent to a worker (${(cause as Error).message})`;
        reject(
          new SpadeError("usage", "worker", problem, "give weights as an address, a Blob, bytes or a stream", cause),
        );
      }
    });
  }

  /** @internal */
  async open(options: PlainOptions, signal: AbortSignal | undefined): Promise<this> {
    const stream = options.weights instanceof ReadableStream ? [options.weights] : [];
    ({ info: this.info } = await this.call("create", [options], { signal, transfer: stream }));
    this.opened = true;
    setTimeout(() => this.early.splice(0).forEach((tell) => tell()), 0);
    return this;
  }

  generate(map: LabelMap, options: CanvasOptions): Promise<void>;
  generate(map: LabelMap, options?: GenerateOptions): Promise<ImageBitmap>;
  async generate(
    map: LabelMap,
    { signal, canvas, ...options }: Partial<CanvasOptions> = {},
  ): Promise<ImageBitmap | undefined | void> {
    return this.call("generate", [map, { ...options, canvas: canvas && this.handOver(canvas) }], { signal });
  }

  /** The number of a canvas, which belongs to the worker from now on. @throws SpadeError busy-canvas */
  private handOver(canvas: Canvas): number {
    let number = numbers.get(canvas);
    if (number !== undefined) return number;
    try {
      const off = "transferControlToOffscreen" in canvas ? canvas.transferControlToOffscreen() : canvas;
      numbers.set(canvas, (number = ++count));
      this.call("canvas", [number, off], { transfer: [off] }).catch(() => undefined);
      return number;
    } catch (cause) {
      const fix = "give a canvas without a context, or draw the ImageBitmap that generate() gives without one";
      throw new SpadeError("busy-canvas", "canvas", "can't be handed over to the worker", fix, cause);
    }
  }

  async encode(photo: Parameters<Spade["encode"]>[0]): Promise<Float32Array> {
    const bitmap = await createImageBitmap(photo as ImageBitmapSource);
    return this.call("encode", [bitmap], { transfer: [bitmap] });
  }

  toBlob(type?: string): Promise<Blob> {
    return this.call("toBlob", [type]);
  }

  live({ canvas, scaling, style, onFrame }: LiveOptions): Live {
    this.check();
    return new RemoteLive(this, ++count, { canvas: this.handOver(canvas), scaling, style }, onFrame);
  }

  /** @internal Calls back with each frame of a live canvas. */
  watch(live: number, onFrame: ((stats: Stats) => void) | undefined): void {
    if (onFrame) this.frames.set(live, onFrame);
    else this.frames.delete(live);
  }

  /** @internal @throws SpadeError disposed */
  check(): void {
    if (this.disposed) throw gone();
  }

  /** @internal Sends an error that no call can throw as the event `notice`. */
  announceFailure(error: unknown): void {
    if (this.disposed) return;
    const { code = "usage", message, fix = "" } = error as SpadeError;
    this.announce({ code, message, fix });
  }

  private end(error: unknown): void {
    this.disposed = true;
    this.worker.terminate();
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }

  dispose(): void {
    if (!this.disposed) this.end(gone());
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A live canvas in the worker. */
class RemoteLive implements Live {
  /** An error that no call could throw; idle() does. */
  private failure: unknown;

  constructor(
    private readonly client: Client,
    private readonly number: number,
    private readonly options: ArgumentsOf<"live">[1],
    onFrame: LiveOptions["onFrame"],
  ) {
    client.watch(number, onFrame);
    this.quietly(client.call("live", [number, options]));
  }

  private quietly(call: Promise<unknown>): void {
    call.catch((error: unknown) => (this.failure = error));
  }

  update(map: LabelMap, options?: { instance?: LabelMap }): void {
    this.client.check();
    this.failure = undefined;
    this.quietly(this.client.call("update", [this.number, map, options]));
  }

  get style(): Style | undefined {
    return this.options.style;
  }

  set style(style: Style | undefined) {
    this.options.style = style;
    this.quietly(this.client.call("style", [this.number, style]));
  }

  async idle(): Promise<void> {
    await this.client.call("idle", [this.number]);
    if (this.failure) throw this.failure as Error;
  }

  whenIdle(job: () => Promise<unknown>): void {
    const { client, number } = this;
    const run = async (): Promise<void> => {
      await client.call("whenIdle", [number]);
      await job().finally(() => client.call("jobDone", [number]));
    };
    run().catch((error: unknown) => client.announceFailure(error));
  }

  stop(): void {
    this.client.watch(this.number, undefined);
    this.quietly(this.client.call("stop", [this.number]));
  }
}

/** Relative addresses are the page's, not the worker script's. */
export const absolute = <T>(source: T): T | string =>
  typeof source === "string" || source instanceof URL ? new URL(source, document.baseURI).href : source;
