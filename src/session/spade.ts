// The session that createSpade returns: queues calls, paints one map at a time, reuses tables of an unchanged map, measures times.

import type { GenerateOptions, LabelMap, Spade, SpadeInfo, Stats } from "./api.ts";
import { checkGenerate, checkMap, styleValues } from "./checks.ts";
import type { OpenNet } from "../painting/open_net.ts";
import { toPicture, type Picture } from "../painting/present.ts";
import { SpadeError, whenLost, type Device } from "../runtime/index.ts";

/** A queued generate() call, with copies of its arguments: the caller may change maps and styles meanwhile. */
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
/** Slice length for runs with an abort signal. */
const ABORTABLE_SLICE_MS = 100;

/** What a "notice" event says. */
export interface Notice {
  readonly code: "software-adapter" | "memory-only" | "guessed-config";
  readonly message: string;
  readonly fix: string;
}

/** Notices that this process has already written to the console. */
const announced = new Set<string>();

export class SpadeSession extends EventTarget implements Spade {
  stats: Stats | null = null;
  private readonly device: Device;
  /** Undefined once disposed. */
  private net: OpenNet | undefined;
  private readonly ending = new AbortController();
  private queue: Promise<void> = Promise.resolve();
  /** The map from which the tables on the device were computed. */
  private painted: { map: LabelMap; instance: LabelMap | undefined; windows: number } | undefined;
  private watched = false;

  constructor(
    readonly info: SpadeInfo,
    net: OpenNet,
    private readonly ownsDevice: boolean,
  ) {
    super();
    this.net = net;
    this.device = net.device;
    whenLost(this.device.gpu, this);
  }

  /** @internal Sends the notices about this net and its loading, once the caller of createSpade has had time to add a listener. */
  announceSoon(loading: readonly Notice[]): void {
    const note = this.net?.note;
    const fix = "convert the file with the options it was trained with (spade-webgpu convert --help)";
    const notices = [...loading];
    if (note) notices.push({ code: "guessed-config", message: `the net's options are ${note.message}`, fix });
    setTimeout(() => notices.forEach((notice) => this.announce(notice)), 0);
  }

  override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
    if (args[0] === "notice") this.watched = true;
    super.addEventListener(...args);
  }

  /** @internal Called after Device.deviceLost. */
  deviceLost(): void {
    const { state, lostReason } = this.device;
    if (state === "lost")
      this.dispatchEvent(Object.assign(new Event("lost"), { reason: lostReason, willRestore: false }));
  }

  private announce({ code, message, fix }: Notice): void {
    if (this.watched) this.dispatchEvent(Object.assign(new Event("notice"), { code, message, fix }));
    else if (!announced.has(message)) console.warn(`spade-webgpu: ${message}; ${fix}`);
    announced.add(message);
  }

  generate(map: LabelMap, options: GenerateOptions = {}): Promise<ImageData> {
    const result = new Promise<Picture>((resolve, reject) => {
      const job = this.job(map, options);
      const { signal } = job;
      // Rejects at once, even while queued. A running job ends with its slice; the next call waits for that.
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

  /** Checks a call and copies its arguments. */
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
      // One signal per job: a long queue on one signal would trigger a warning about too many listeners.
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
    if (this.ownsDevice) this.device.dispose();
    this.net = this.painted = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
