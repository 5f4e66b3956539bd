// createSpade: from a weights file to pictures. The same in Node and in a page; a Host says where the GPU and the bytes come from.

import type {
  GenerateOptions,
  LabelInfo,
  LabelMap,
  Live,
  Picture,
  Progress,
  Source,
  Spade,
  SpadeInfo,
  SpadeOptions,
  Stats,
  Style,
} from "./api.ts";
import { openCheckpoint } from "../formats/checkpoint.ts";
import { parseLabels } from "../pictures/label_names.ts";
import { rgbByte } from "../pictures/rgb_byte.ts";
import { bytesAccess } from "../formats/tensors.ts";
import type { RandomAccess } from "../formats/tensors.ts";
import { labelHex } from "../pictures/colors.ts";
import { checkMapSizes } from "../labels/label_map.ts";
import { LevelsScratch } from "../labels/levels.ts";
import { labelCount, labelSpace, outputSize, strideOf, type Config } from "../models/config.ts";
import { resolutions } from "../models/nets/generator.ts";
import { guessConfig } from "../models/weights/guess.ts";
import type { Parameters as Weights } from "../models/weights/parameters.ts";
import { normalValues } from "../models/philox.ts";
import { decodePresets } from "../models/presets.ts";
import { createPainter, loadGenerator } from "../painting/painter.ts";
import type { Painter } from "../painting/runner.ts";
import { checkpointSource } from "../models/weights/source.ts";
import { windowsOf } from "../painting/windows.ts";
import { Device, softwareNotice, SpadeError, whenLost, type OpenOptions, type Target } from "../runtime/index.ts";

/** What differs between a page and Node. */
export interface Host {
  /** For borrowed devices; left out: by adapter. */
  readonly sizesAs?: Target["sizesAs"];
  openDevice(options: OpenOptions): Promise<Device>;
  /** Ranges of a source; `report` hears of downloaded bytes. */
  open(
    source: Source,
    report: (loaded: number, total: number | undefined) => void,
    signal?: AbortSignal,
  ): Promise<RandomAccess>;
}

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
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const usage = (where: string, problem: string, fix: string): SpadeError => new SpadeError("usage", where, problem, fix);

/** Slices of a run that somebody may abort. */
const ABORTABLE_SLICE_MS = 100;

class SpadeSession extends EventTarget implements Spade {
  stats: Stats | null = null;
  private scratch: LevelsScratch | undefined = new LevelsScratch();
  private readonly ending = new AbortController();
  private queue: Promise<void> = Promise.resolve();
  /** What the tables on the device were made from. */
  private painted: { map: LabelMap; instance: LabelMap | undefined; windows: number } | undefined;
  private watched = false;

  constructor(
    readonly info: SpadeInfo,
    private readonly device: Device,
    private readonly config: Config,
    private runner: Painter | undefined,
  ) {
    super();
    whenLost(device.gpu, this);
    // After the caller had a turn to listen.
    if (device.software) setTimeout(() => this.announceSoftware(), 0);
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

  generate(map: LabelMap, options?: GenerateOptions): Promise<ImageData>;
  generate(map: LabelMap, options: GenerateOptions & { canvas: HTMLCanvasElement | OffscreenCanvas }): Promise<void>;
  generate(map: LabelMap, options: GenerateOptions & { texture: GPUTexture }): Promise<void>;
  generate(
    map: LabelMap,
    options: GenerateOptions & { canvas?: unknown; texture?: unknown } = {},
  ): Promise<ImageData & void> {
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
    return result as unknown as Promise<ImageData & void>;
  }

  /** Checks a call and keeps what it was given. */
  private job(map: LabelMap, options: GenerateOptions & { canvas?: unknown; texture?: unknown }): Job {
    this.check("generate");
    if (!isObject(options))
      throw usage("generate", `its options are ${String(options)}`, "give an object, or leave them out");
    if (options.canvas || options.texture)
      throw new SpadeError(
        "unsupported",
        "generate({ canvas | texture })",
        "pictures go to ImageData only in this version",
        "leave canvas and texture out and draw what generate() gives",
      );
    const { instance, signal } = options;
    if (signal !== undefined && !(signal instanceof AbortSignal))
      throw usage(
        "generate({ signal })",
        "is no AbortSignal",
        "give the signal of an AbortController, or leave it out",
      );
    signal?.throwIfAborted();
    this.checkMap("label map", map);
    if (instance !== undefined) this.checkMap("instance map", instance);
    return {
      map: copyMap(map),
      instance: instance && this.info.edges ? copyMap(instance) : undefined,
      z: this.style(options.style),
      // One of its own: a long queue would be a suspicious lot of listeners for one signal.
      signal: AbortSignal.any([this.ending.signal, ...(signal ? [signal] : [])]),
      slice: signal ? ABORTABLE_SLICE_MS : undefined,
    };
  }

  private checkMap(name: "label map" | "instance map", map: LabelMap): void {
    if (!isObject(map)) throw usage(name, `is ${String(map)}`, "give { data, width, height }");
    checkMapSizes([map], name);
    const { width, height } = this.info;
    if (map.width !== width || map.height !== height)
      throw new SpadeError(
        "shape",
        name,
        `is ${map.width} x ${map.height} where the net takes ${width} x ${height}`,
        "resize it with nearest sampling first",
      );
  }

  private async paint({ map, instance, z, signal, slice }: Job): Promise<Picture> {
    this.check("generate");
    const runner = this.runner!;
    const t0 = performance.now();
    let newWindows = 0;
    let t1 = t0;
    let t2 = t0;
    let painted = this.painted;
    if (!painted || !sameMap(painted.map, map) || !sameMap(painted.instance, instance)) {
      this.painted = undefined;
      const levels = windowsOf(this.config, [map], instance ? [instance] : null, this.scratch);
      t1 = performance.now();
      await runner.setMap(levels, signal);
      await runner.runTables({ slice, signal });
      signal.throwIfAborted();
      newWindows = levels.reduce((sum, l) => sum + l.outerCount, 0);
      this.painted = painted = { map, instance, windows: newWindows };
      t2 = performance.now();
    }
    const image = await runner.paint(z, { slice, signal });
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
      tiles: null,
      memory: this.device.allocated,
    };
    return picture;
  }

  private style(style: Style | undefined): Float32Array | undefined {
    const { use_vae, z_dim } = this.config;
    const where = "generate({ style })";
    if (!use_vae) {
      if (style !== undefined)
        throw new SpadeError(
          "unsupported",
          where,
          "this net was trained without VAE and has one picture a map",
          "leave style out",
        );
      return undefined;
    }
    if (style === undefined) return new Float32Array(z_dim);
    const fix = `give a seed (a whole number from 0 on), or a Float32Array of ${z_dim} numbers`;
    if (typeof style === "number") {
      if (!Number.isSafeInteger(style) || style < 0) throw usage(where, `the seed is ${style}`, fix);
      return normalValues(style, z_dim);
    }
    if (!(style instanceof Float32Array)) throw usage(where, "is neither a seed nor a Float32Array", fix);
    if (style.length !== z_dim)
      throw new SpadeError("shape", where, `has ${style.length} numbers where z_dim is ${z_dim}`, fix);
    if (!style.every(Number.isFinite)) throw usage(where, "has NaN or Inf", fix);
    return style.slice();
  }

  encode(): Promise<Float32Array> {
    return this.missing("encode", "the encoder is not part of this version", "give a seed or a z as style");
  }

  live(): Live {
    this.check("live");
    throw new SpadeError(
      "unsupported",
      "live()",
      "live painting is not part of this version",
      "call generate() for each map",
    );
  }

  restore(): Promise<void> {
    return this.missing("restore", "is not part of this version", "create a new Spade on the new device");
  }

  private async missing(name: string, problem: string, fix: string): Promise<never> {
    this.check(name);
    throw new SpadeError("unsupported", `${name}()`, problem, fix);
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
    this.runner?.dispose();
    this.device.dispose();
    this.runner = this.scratch = this.painted = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

let announced = false;

/** [H,W,3] in [-1,1] to RGBA bytes, truncated as the published tensor2im does. */
export function toPicture(image: Float32Array, width: number, height: number): Picture {
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) {
      const value = image[3 * i + c];
      if (Number.isNaN(value)) {
        const at = `pixel (x ${i % width}, y ${Math.floor(i / width)})`;
        throw new SpadeError(
          "integrity",
          "picture",
          `${at} is NaN: weights or sums are NaN or Inf`,
          'load with dtype "f32", where less overflows; else train or convert again',
        );
      }
      data[4 * i + c] = rgbByte(value);
    }
  }
  return typeof ImageData === "function"
    ? (new ImageData(data, width, height) as Picture)
    : { data, width, height, colorSpace: "srgb" };
}

/** Applies options.size to a config. */
function sized(config: Config, size: SpadeOptions["size"]): Config {
  if (!size) return config;
  const [width, height] = size;
  const stride = strideOf(config);
  const { h, w } = outputSize(config);
  if (config.use_vae && (w !== width || h !== height))
    throw new SpadeError("unsupported", "size", `a net with VAE paints ${w} x ${h} only`, "leave size out");
  if (width % stride || height % stride || width < stride || height < stride)
    throw new SpadeError(
      "shape",
      "size",
      `${width} x ${height} are not multiples of ${stride}`,
      `use multiples of ${stride}`,
    );
  return { ...config, crop_size: width, aspect_ratio: width / height };
}

function labelsOf(config: Config, metadata: Readonly<Record<string, string>>): LabelInfo[] {
  if (metadata.labels) return parseLabels(metadata.labels, "weights, metadata labels", labelCount(config));
  return Array.from({ length: labelCount(config) }, (_, id) => ({
    id,
    name: config.contain_dontcare_label && id === config.label_nc ? "don't care" : `label ${id}`,
    color: labelHex(id),
  }));
}

/** The type in which weights and activations are stored: "auto" is f16 where a hardware adapter has it. */
export function storageType(device: Device, wanted: SpadeOptions["dtype"] = "auto"): "f16" | "f32" {
  const half = device.gpu.features.has("shader-f16");
  if (wanted === "f16" && !half)
    throw new SpadeError("unsupported", "dtype f16", `${device.name} has no shader-f16`, 'use dtype "auto" or "f32"');
  return wanted === "f16" || (wanted === "auto" && half && !device.software) ? "f16" : "f32";
}

/** The whole source in memory, if it hashes as it should. */
async function verify(access: RandomAccess, integrity: string): Promise<RandomAccess> {
  try {
    const bytes = await access.read(0, access.size);
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
    const found = `sha256-${btoa(String.fromCharCode(...hash))}`;
    if (found !== integrity)
      throw new SpadeError(
        "integrity",
        "weights",
        `hash to ${found} where ${integrity} was wanted`,
        "download them again, or correct `integrity`",
      );
    return bytesAccess(bytes, access.name);
  } finally {
    await access.close?.();
  }
}

const SOURCES = [URL, Request, Blob, ArrayBuffer, Uint8Array] as const;

/** What a caller without types gets wrong. */
function checkOptions(options: SpadeOptions): void {
  if (!isObject(options)) throw usage("createSpade", `its options are ${String(options)}`, "give { weights: ... }");
  const { weights, dtype, size, device } = options;
  if (typeof weights !== "string" && !SOURCES.some((type) => weights instanceof type)) {
    throw usage(
      "createSpade({ weights })",
      "is no source",
      "give an address, URL, Request, Blob, ArrayBuffer or Uint8Array",
    );
  }
  if (dtype !== undefined && !["auto", "f16", "f32"].includes(dtype))
    throw usage("createSpade({ dtype })", `is ${String(dtype)}`, 'give "auto", "f16" or "f32"');
  if (
    size !== undefined &&
    !(Array.isArray(size) && size.length === 2 && size.every((n) => Number.isSafeInteger(n) && n > 0))
  ) {
    throw usage("createSpade({ size })", `is ${String(size)}`, "give [width, height] in whole pixels");
  }
  if (device !== undefined && !(isObject(device) && "createComputePipelineAsync" in device && "lost" in device))
    throw usage("createSpade({ device })", "is no GPUDevice", "give one, or leave it out");
}

/** @internal createSpade over a host. */
export async function createSpadeOn(host: Host, options: SpadeOptions): Promise<Spade> {
  checkOptions(options);
  const { signal } = options;
  signal?.throwIfAborted();
  let reached = 0;
  const shares = { download: [0, 0.4], upload: [0.4, 0.7], compile: [0.7, 1], ready: [1, 1] } as const;
  const report = (phase: Progress["phase"], loaded: number, total: number | undefined): void => {
    const [from, to] = shares[phase];
    reached = Math.max(reached, from + (total ? (loaded / total) * (to - from) : 0));
    options.onProgress?.({ phase, loaded, total, progress: reached, cached: false });
  };

  let access = await host.open(options.weights, (loaded, total) => report("download", loaded, total), signal);
  if (options.integrity) access = await verify(access, options.integrity);
  const checkpoint = await openCheckpoint(access);
  let device: Device | undefined;
  let runner: Painter | undefined;
  let parameters: Weights | undefined;
  try {
    signal?.throwIfAborted();
    const shapes = new Map(checkpoint.names().map((n) => [n, checkpoint.info(n).shape]));
    const config = sized(guessConfig(shapes, checkpoint.metadata), options.size);
    device = options.device
      ? borrowed(options.device, host.sizesAs)
      : await host.openDevice({ powerPreference: options.powerPreference });
    const dtype = storageType(device, options.dtype);
    parameters = await loadGenerator(device, config, checkpointSource(checkpoint), dtype, (done, total) => {
      signal?.throwIfAborted();
      report("upload", done, total);
    });
    // What weights alone give, and the picture; between them SPADE's tables of each resolution, and fc without VAE.
    const programs = config.netG === "pix2pixhd" ? 2 : resolutions(config).length + (config.use_vae ? 2 : 3);
    let compiled = 0;
    let loading = true;
    const onProgress = (done: number, total: number): void => {
      // Later maps may compile as well.
      if (!loading) return;
      report("compile", compiled + done / total, programs);
      if (done === total) compiled++;
    };
    runner = await createPainter(device, config, parameters, { onProgress });
    await runner.warm(signal);
    loading = false;
    signal?.throwIfAborted();
    const { h, w } = outputSize(config);
    const { dontCare, edges } = labelSpace(config);
    const info: SpadeInfo = {
      width: w,
      height: h,
      stride: strideOf(config),
      labels: labelsOf(config, checkpoint.metadata),
      dontCare,
      edges,
      style: config.use_vae
        ? { dim: config.z_dim, encoder: false, presets: decodePresets(checkpoint.metadata.styles, config.z_dim) }
        : null,
      dtype,
      adapter: { vendor: device.info.vendor, architecture: device.info.architecture, software: device.software },
      bytes: { gpu: device.allocated, download: access.size },
    };
    report("ready", 1, 1);
    return new SpadeSession(info, device, config, runner);
  } catch (error) {
    runner?.dispose();
    if (!runner) parameters?.dispose();
    device?.dispose();
    throw error;
  } finally {
    await checkpoint.close();
  }
}

function borrowed(gpu: GPUDevice, sizesAs: Host["sizesAs"]): Device {
  const info =
    (gpu as { adapterInfo?: GPUAdapterInfo }).adapterInfo ??
    ({ vendor: "", architecture: "", device: "", description: "borrowed device" } as GPUAdapterInfo);
  return new Device(gpu, info, false, { sizesAs });
}
