// The page's side: the interface of a session, by messages to a worker.

import type {
  CanvasOptions,
  GenerateOptions,
  LabelMap,
  Live,
  LiveOptions,
  RegionStyles,
  Spade,
  SpadeInfo,
  SpadeOptions,
  Stats,
  Style,
} from "../../session/api.ts";
import { SpadeError } from "../../runtime/errors.ts";
import { bitmapOf } from "../page_photo.ts";
import type { ArgumentsOf, SpadeCalls, SpadeNews } from "./messages.ts";
import { nextNumber, RemoteSession } from "./remote.ts";
import { absolute, startIn, streamIn } from "./start.ts";

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

/** Numbers of the canvases that were handed over. */
const numbers = new WeakMap<Canvas, number>();

const KIND = { name: "Spade", create: "createSpade", script: "spade-webgpu/worker-engine" };

export class Client extends RemoteSession<SpadeCalls> implements WorkerSpade {
  info!: SpadeInfo;
  stats: Stats | null = null;
  private readonly frames = new Map<number, NonNullable<LiveOptions["onFrame"]>>();

  /** @throws SpadeError as createSpade; unsupported: the worker does not start */
  static start(make: () => Worker, { signal, onProgress, ...options }: Omit<WorkerOptions, "worker">): Promise<Client> {
    return startIn(KIND, make, signal, async (worker) => {
      const client = new Client(worker, KIND, onProgress);
      const { weights, encoder } = options;
      const plain = { ...options, weights: absolute(weights), encoder: absolute(encoder) };
      ({ info: client.info } = await client.call("create", [plain], { signal, transfer: streamIn(weights) }));
      client.begin();
      return client;
    });
  }

  protected override hear({ frame, stats, info }: SpadeNews): void {
    if (stats !== undefined) this.stats = stats;
    if (info) this.info = info;
    if (frame) this.frames.get(frame.live)?.(stats!, frame.change);
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
      numbers.set(canvas, (number = nextNumber()));
      this.call("canvas", [number, off], { transfer: [off] }).catch(() => undefined);
      return number;
    } catch (cause) {
      const fix = "give a canvas without a context, or draw the ImageBitmap that generate() gives without one";
      throw new SpadeError("busy-canvas", "canvas", "can't be handed over to the worker", fix, cause);
    }
  }

  async encode(photo: Parameters<Spade["encode"]>[0]): Promise<Float32Array> {
    const bitmap = await bitmapOf(photo, "encode");
    return this.call("encode", [bitmap], { transfer: [bitmap] });
  }

  async encodeRegions(
    photo: Parameters<Spade["encodeRegions"]>[0],
    map: LabelMap,
    options?: { instance?: LabelMap },
  ): Promise<RegionStyles> {
    const bitmap = await bitmapOf(photo, "encodeRegions");
    return this.call("encodeRegions", [bitmap, map, options], { transfer: [bitmap] });
  }

  toBlob(type?: string): Promise<Blob> {
    return this.call("toBlob", [type]);
  }

  live({ canvas, scaling, style, onFrame }: LiveOptions): Live {
    this.check();
    return new RemoteLive(this, nextNumber(), { canvas: this.handOver(canvas), scaling, style }, onFrame);
  }

  /** @internal Calls back with each frame of a live canvas. */
  watch(live: number, onFrame: LiveOptions["onFrame"]): void {
    if (onFrame) this.frames.set(live, onFrame);
    else this.frames.delete(live);
  }
}

/** A live canvas in the worker. */
class RemoteLive implements Live {
  /** An error that no call could throw; idle() does. */
  private failure: unknown;

  constructor(
    private readonly client: Client,
    private readonly number: number,
    private readonly options: ArgumentsOf<SpadeCalls, "live">[1],
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
