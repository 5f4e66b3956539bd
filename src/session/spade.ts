// The session that createSpade returns: paints one map at a time, reuses tables of an unchanged map, and measures times.

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
  TextureOptions,
} from "./api.ts";
import { checkGenerate, checkLive, checkMap, styleValues } from "./checks.ts";
import type { Host, Photo } from "./host.ts";
import type { How, Painting } from "./job.ts";
import { LivePainter } from "./live.ts";
import { encodeRegions, paintedCodes, styleCodes } from "./regions.ts";
import { failed } from "./notices.ts";
import { openOn, type Opened } from "./opening/opened.ts";
import { photoValues } from "./photo.ts";
import { Session } from "./session.ts";
import { bytesSink, canvasSink, textureSink, type Sink } from "./sinks.ts";
import { SpadeError } from "../runtime/index.ts";

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
const ABORTABLE_SLICE_MS = 70;

export class SpadeSession extends Session<Opened, SpadeOptions> implements Spade {
  stats: Stats | null = null;
  /** The map from which the tables on the device were computed. */
  private painted: { on: Opened; map: LabelMap; instance: LabelMap | undefined; windows: number } | undefined;
  /** What a canvas shows. */
  private shown: Painting | undefined;

  constructor(host: Host, options: SpadeOptions, opened: Opened) {
    super(host, "Spade", options, opened, (again) => openOn(host, again));
  }

  get info(): SpadeInfo {
    return this.net.latest.info;
  }

  generate(map: LabelMap, options?: GenerateOptions): Promise<ImageData>;
  generate(map: LabelMap, options: CanvasOptions | TextureOptions): Promise<void>;
  async generate(map: LabelMap, options: Partial<CanvasOptions & TextureOptions> = {}): Promise<unknown> {
    this.check("generate");
    checkGenerate(options);
    const { canvas, texture, scaling = "none", signal } = options;
    signal?.throwIfAborted();
    const what = this.painting(map, options.instance, options.style);
    const sink = canvas
      ? canvasSink(canvas, scaling, this.info.adapter.software)
      : texture
        ? textureSink(texture)
        : bytesSink;
    // One signal per job: a long queue on one signal would trigger a warning about too many listeners.
    const how: How = { signal: this.until(signal), slice: signal ? ABORTABLE_SLICE_MS : undefined };
    const result = await this.paint(what, sink as Sink<unknown>, how);
    if (canvas) this.shown = what;
    return result;
  }

  /** Checks what to paint, and copies it. */
  painting(map: LabelMap, instance: LabelMap | undefined, style: GenerateOptions["style"]): Painting {
    const { info } = this;
    checkMap("label map", map, info);
    if (instance !== undefined) checkMap("instance map", instance, info);
    return {
      map: copyMap(map),
      instance: instance && info.edges ? copyMap(instance) : undefined,
      z: this.styleOf(style),
    };
  }

  styleOf(style: GenerateOptions["style"]): Float32Array | undefined {
    const { info } = this;
    return info.regions ? styleCodes(style, info) : styleValues(style, info.style?.dim ?? 0);
  }

  /** Paints when its turn comes. */
  paint<R>(what: Painting, sink: Sink<R>, how: How): Promise<R> {
    return this.queued(how, (opened) => this.paintOn(opened, what, sink, how));
  }

  private async paintOn<R>(opened: Opened, what: Painting, sink: Sink<R>, { signal, slice }: How): Promise<R> {
    const { map, instance, z } = what;
    const { net, info } = opened;
    const { painter } = net;
    const t0 = performance.now();
    let newWindows = 0;
    let t1 = t0;
    let t2 = t0;
    let painted = this.painted;
    if (painted?.on !== opened || !sameMap(painted.map, map) || !sameMap(painted.instance, instance)) {
      this.painted = undefined;
      const levels = net.windows(map, instance);
      t1 = performance.now();
      ({ newWindows } = await painter.setMap(levels, signal));
      t2 = performance.now();
      const windows = levels.reduce((sum, l) => sum + l.outerCount, 0);
      painted = { on: opened, map, instance, windows };
    }
    const last = await sink.prepare?.(opened);
    if (z && info.style) painter.setStyle(z);
    if (z && info.regions) painter.setStyle(paintedCodes(z, info, map, instance));
    await painter.run({ slice, signal, last });
    const bytes = await sink.read(painter.output);
    const t3 = performance.now();
    signal.throwIfAborted();
    this.painted = painted;
    const result = sink.show(bytes, info);
    const t4 = performance.now();
    this.stats = {
      labels: t1 - t0,
      tables: t2 - t1,
      network: t3 - t2,
      present: t4 - t3,
      total: t4 - t0,
      windows: painted.windows,
      newWindows,
      tiles: painter.tiles,
      memory: opened.device.allocated,
    };
    return result;
  }

  async encode(photo: Photo): Promise<Float32Array> {
    this.check("encode");
    const picture = photoValues(await this.host.readPhoto(photo, "encode"), this.info);
    const how: How = { signal: this.until() };
    return this.queued(how, (opened) => opened.encode(picture, how.signal));
  }

  async encodeRegions(photo: Photo, map: LabelMap, { instance }: { instance?: LabelMap } = {}): Promise<RegionStyles> {
    this.check("encodeRegions");
    checkMap("label map", map, this.info);
    const maps = [copyMap(map), instance && copyMap(instance)] as const;
    const picture = photoValues(await this.host.readPhoto(photo, "encodeRegions"), this.info);
    return this.queued({ signal: this.until() }, ({ net }) => encodeRegions(net, picture, ...maps));
  }

  live(options: LiveOptions): Live {
    this.check("live");
    checkLive(options);
    const { canvas, scaling = "none", style, onFrame } = options;
    const sink = canvasSink(canvas, scaling, this.info.adapter.software);
    return new LivePainter(this, sink, style, (what, change) => {
      this.shown = what;
      onFrame?.(this.stats!, change);
    });
  }

  async toBlob(type = "image/png"): Promise<Blob> {
    this.check("toBlob");
    if (!this.shown)
      throw new SpadeError(
        "usage",
        "toBlob",
        "no canvas shows a picture yet",
        "call generate with a canvas, or live, first",
      );
    const picture = (await this.paint(this.shown, bytesSink, { signal: this.until() })) as ImageData;
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    canvas.getContext("2d")!.putImageData(picture, 0, 0);
    return canvas.convertToBlob({ type });
  }

  /** @internal Tells of an error that no call can throw. */
  announceFailure(error: unknown): void {
    if (!this.disposed) this.announce(failed(error));
  }

  override dispose(): void {
    super.dispose();
    this.painted = this.shown = undefined;
  }
}
