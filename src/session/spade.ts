// A session: one net that paints maps one after another, as callers of createSpade have it. The queue, what is stale, what it cost.

import type { GenerateOptions, LabelMap, Spade, SpadeInfo, Stats } from "./api.ts";
import { checkGenerate, checkMap, styleValues } from "./checks.ts";
import type { OpenNet } from "../painting/open_net.ts";
import { toPicture, type Picture } from "../painting/present.ts";
import { softwareNotice, SpadeError, whenLost, type Device } from "../runtime/index.ts";

/** A call of generate() as it was when it was made: the caller may change maps and styles while it waits. */
interface Job {
  readonly map: LabelMap;
  readonly instance: LabelMap | undefined;
  readonly z: Float32Array | undefined;
  /** The caller's signal or dispose(). */
  readonly signal: AbortSignal;
  readonly slice: number | undefined;
}

const sameMap = (a: LabelMap | undefined, b: LabelMap | undefined): boolean =>
  a === b ||
  (!!a &&
    !!b &&
    a.width === b.width &&
    a.height === b.height &&
    a.data.length === b.data.length &&
    a.data.every((v, i) => v === b.data[i]));
const copyMap = ({ data, width, height }: LabelMap): LabelMap => ({ data: data.slice(), width, height });
/** Slices of a run that somebody may abort. */
const ABORTABLE_SLICE_MS = 100;

/** A software adapter is announced once a process. */
let announced = false;

export class SpadeSession extends EventTarget implements Spade {
  stats: Stats | null = null;
  private readonly device: Device;
  /** Undefined once disposed. */
  private net: OpenNet | undefined;
  private readonly ending = new AbortController();
  private queue: Promise<void> = Promise.resolve();
  /** What the tables on the device were made from. */
  private painted: { map: LabelMap; instance: LabelMap | undefined; windows: number } | undefined;
  private watched = false;

  constructor(
    readonly info: SpadeInfo,
    net: OpenNet,
  ) {
    super();
    this.net = net;
    this.device = net.device;
    whenLost(this.device.gpu, this);
    // After the caller had a turn to listen.
    if (this.device.software) setTimeout(() => this.announceSoftware(), 0);
  }

  override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
    if (args[0] === "notice") this.watched = true;
    super.addEventListener(...args);
  }

  /** @internal After the Device itself. */
  deviceLost(): void {
    const { state, lostReason } = this.device;
    if (state === "lost")
      this.dispatchEvent(Object.assign(new Event("lost"), { reason: lostReason, willRestore: false }));
  }

  private announceSoftware(): void {
    const { message, fix } = softwareNotice(this.device);
    if (this.watched)
      this.dispatchEvent(Object.assign(new Event("notice"), { code: "software-adapter", message, fix }));
    else if (!announced) console.warn(`spade-webgpu: ${message}; ${fix}`);
    announced = true;
  }

  generate(map: LabelMap, options: GenerateOptions = {}): Promise<ImageData> {
    const result = new Promise<Picture>((resolve, reject) => {
      const job = this.job(map, options);
      const { signal } = job;
      // At once, in the queue too; what runs ends with its slice, and the next call waits for that.
      const stop = (): void => reject(signal.reason as Error);
      signal.addEventListener("abort", stop, { once: true });
      this.queue = this.queue
        .then(async () => {
          if (!signal.aborted) resolve(await this.paint(job));
        })
        .catch(reject)
        .finally(() => signal.removeEventListener("abort", stop));
    });
    return result as Promise<ImageData>;
  }

  /** Checks a call and keeps what it was given. */
  private job(map: LabelMap, options: GenerateOptions): Job {
    this.check("generate");
    checkGenerate(options);
    const { instance, signal } = options;
    signal?.throwIfAborted();
    checkMap("label map", map, this.info);
    if (instance !== undefined) checkMap("instance map", instance, this.info);
    return {
      map: copyMap(map),
      instance: instance && this.info.edges ? copyMap(instance) : undefined,
      z: styleValues(options.style, this.info.style?.dim ?? 0),
      // One of its own: a long queue would be a suspicious lot of listeners for one signal.
      signal: AbortSignal.any([this.ending.signal, ...(signal ? [signal] : [])]),
      slice: signal ? ABORTABLE_SLICE_MS : undefined,
    };
  }

  private async paint({ map, instance, z, signal, slice }: Job): Promise<Picture> {
    this.check("generate");
    const net = this.net!;
    const { painter } = net;
    const t0 = performance.now();
    let newWindows = 0;
    let t1 = t0;
    let t2 = t0;
    let painted = this.painted;
    if (!painted || !sameMap(painted.map, map) || !sameMap(painted.instance, instance)) {
      this.painted = undefined;
      const levels = net.windows(map, instance);
      t1 = performance.now();
      ({ newWindows } = await painter.setMap(levels, signal));
      await painter.runTables({ slice, signal });
      signal.throwIfAborted();
      this.painted = painted = { map, instance, windows: levels.reduce((sum, l) => sum + l.outerCount, 0) };
      t2 = performance.now();
    }
    const image = await painter.paint(z, { slice, signal });
    signal.throwIfAborted();
    const t3 = performance.now();
    const picture = toPicture(image, this.info.width, this.info.height);
    const t4 = performance.now();
    this.stats = {
      labels: t1 - t0,
      tables: t2 - t1,
      network: t3 - t2,
      present: t4 - t3,
      total: t4 - t0,
      windows: painted.windows,
      newWindows,
      memory: this.device.allocated,
    };
    return picture;
  }

  private check(where: string): void {
    if (this.ending.signal.aborted)
      throw new SpadeError("disposed", where, "this Spade was disposed", "create a new one");
    this.device.check(where);
  }

  dispose(): void {
    if (this.ending.signal.aborted) return;
    this.ending.abort(
      new SpadeError("disposed", "generate", "this Spade was disposed while it painted", "create a new one"),
    );
    this.net?.dispose();
    this.net = this.painted = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
