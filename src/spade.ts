// createSpade: from a weights file to pictures. The same in Node and in a page; a Host says where the GPU and the bytes come from.

import type { GenerateOptions, LabelInfo, LabelMap, Live, Picture, Progress, Source, Spade, SpadeInfo, SpadeOptions, Stats, Style } from "./api.ts";
import { openCheckpoint } from "./formats/checkpoint.ts";
import { parseLabels } from "./formats/label_names.ts";
import { bytesAccess } from "./formats/tensors.ts";
import type { RandomAccess } from "./formats/tensors.ts";
import { labelHex } from "./labels/colors.ts";
import { buildLevels, LevelsScratch } from "./labels/levels.ts";
import { labelCount, outputSize, parseNormG, upsamplings, type Config } from "./models/config.ts";
import { resolutions } from "./models/generator.ts";
import { guessConfig } from "./models/guess.ts";
import { Parameters } from "./models/parameters.ts";
import { normalValues } from "./models/philox.ts";
import { GeneratorRunner } from "./models/runner.ts";
import { checkpointSource } from "./models/source.ts";
import { Device, openDevice, SpadeError, type OpenOptions } from "./runtime/index.ts";

/** What differs between a page and Node. */
export interface Host {
  openDevice(options: OpenOptions): Promise<Device>;
  /** Ranges of a source; `report` hears of downloaded bytes. */
  open(source: Source, report: (loaded: number, total: number | undefined) => void, signal?: AbortSignal): Promise<RandomAccess>;
}

const sameMap = (a: LabelMap | undefined, b: LabelMap | undefined): boolean =>
  a === b || (!!a && !!b && a.width === b.width && a.height === b.height && a.data.length === b.data.length && a.data.every((v, i) => v === b.data[i]));
const copyMap = (m: LabelMap | undefined): LabelMap | undefined => m && { data: m.data.slice(), width: m.width, height: m.height };

/** Slices of a run that somebody may abort. */
const ABORTABLE_SLICE_MS = 100;

class SpadeSession extends EventTarget implements Spade {
  stats: Stats | null = null;
  private readonly scratch = new LevelsScratch();
  private readonly ending = new AbortController();
  private queue: Promise<unknown> = Promise.resolve();
  private painted: { map: LabelMap; instance: LabelMap | undefined; windows: number } | undefined;
  private watched = false;

  constructor(
    readonly info: SpadeInfo,
    private readonly device: Device,
    private readonly config: Config,
    private readonly runner: GeneratorRunner,
    private readonly ownsDevice: boolean,
  ) {
    super();
    void device.gpu.lost.then(() => {
      if (device.state !== "lost") return;
      this.dispatchEvent(Object.assign(new Event("lost"), { reason: device.lostReason, willRestore: false }));
    });
    // After the caller had a turn to listen.
    if (device.software) setTimeout(() => this.announceSoftware(), 0);
  }

  override addEventListener(...args: Parameters_<EventTarget["addEventListener"]>): void {
    if (args[0] === "notice") this.watched = true;
    super.addEventListener(...args);
  }

  private announceSoftware(): void {
    const message = `${this.device.name} is a software adapter: the CPU pretends to be a GPU, and pictures take seconds`;
    const fix = "use a machine with a GPU and its driver, or a CPU runtime for the exported ONNX model";
    if (this.watched) this.dispatchEvent(Object.assign(new Event("notice"), { code: "software-adapter", message, fix }));
    else if (!announced) console.warn(`spade-webgpu: ${message}; ${fix}`);
    announced = true;
  }

  generate(map: LabelMap, options?: GenerateOptions): Promise<ImageData>;
  generate(map: LabelMap, options: GenerateOptions & { canvas: HTMLCanvasElement | OffscreenCanvas }): Promise<void>;
  generate(map: LabelMap, options: GenerateOptions & { texture: GPUTexture }): Promise<void>;
  generate(map: LabelMap, options: GenerateOptions & { canvas?: unknown; texture?: unknown } = {}): Promise<ImageData & void> {
    const result = this.queue.then(() => this.paint(map, options));
    this.queue = result.catch(() => undefined);
    return result as unknown as Promise<ImageData & void>;
  }

  private async paint(map: LabelMap, options: GenerateOptions & { canvas?: unknown; texture?: unknown }): Promise<Picture> {
    this.check("generate");
    if (options.canvas || options.texture) throw new SpadeError("unsupported", "generate({ canvas | texture })", "pictures go to ImageData only in this version", "leave canvas and texture out and draw what generate() gives");
    const signal = options.signal ? AbortSignal.any([options.signal, this.ending.signal]) : undefined;
    signal?.throwIfAborted();
    const { width, height } = this.info;
    for (const [name, m] of [["label map", map], ["instance map", options.instance]] as const) {
      if (m && (m.width !== width || m.height !== height)) throw new SpadeError("shape", name, `is ${m.width} x ${m.height} where the net takes ${width} x ${height}`, "resize it with nearest sampling first");
    }
    const z = this.style(options.style);
    const slice = signal ? ABORTABLE_SLICE_MS : undefined;

    const t0 = performance.now();
    let newWindows = 0;
    let t1 = t0;
    let t2 = t0;
    const instance = this.info.edges ? options.instance : undefined;
    if (!this.painted || !sameMap(this.painted.map, map) || !sameMap(this.painted.instance, instance)) {
      this.painted = undefined;
      const k = parseNormG(this.config.norm_G).k;
      const space = { labelCount: labelCount(this.config), dontCare: this.info.dontCare, edges: this.info.edges };
      const levels = buildLevels([map], instance ? [instance] : null, space, resolutions(this.config).map((r) => ({ ...r, k })), this.scratch);
      t1 = performance.now();
      await this.runner.setMap(levels);
      await this.runner.runTables({ slice, signal });
      newWindows = levels.reduce((sum, l) => sum + l.outerCount, 0);
      this.painted = { map: copyMap(map)!, instance: copyMap(instance), windows: newWindows };
      t2 = performance.now();
    }
    const image = await this.runner.paint(z, { slice, signal });
    signal?.throwIfAborted();
    const t3 = performance.now();
    const picture = toPicture(image, width, height);
    const t4 = performance.now();
    this.stats = { labels: t1 - t0, tables: t2 - t1, network: t3 - t2, present: t4 - t3, total: t4 - t0, windows: this.painted.windows, newWindows, tiles: null, memory: this.device.allocated };
    return picture;
  }

  private style(style: Style | undefined): Float32Array | undefined {
    const { use_vae, z_dim } = this.config;
    if (!use_vae) {
      if (style !== undefined) throw new SpadeError("unsupported", "generate({ style })", "this net was trained without VAE and has one picture a map", "leave style out");
      return undefined;
    }
    if (style === undefined) return new Float32Array(z_dim);
    if (typeof style === "number") return normalValues(style, z_dim);
    if (style.length !== z_dim) throw new SpadeError("shape", "generate({ style })", `has ${style.length} numbers where z_dim is ${z_dim}`, "give a seed, or a z of that length");
    return style;
  }

  encode(): Promise<Float32Array> {
    return Promise.reject(new SpadeError("unsupported", "encode()", "the encoder is not part of this version", "give a seed or a z as style"));
  }

  live(): Live {
    throw new SpadeError("unsupported", "live()", "live painting is not part of this version", "call generate() for each map");
  }

  restore(): Promise<void> {
    return Promise.reject(new SpadeError("unsupported", "restore()", "is not part of this version", "create a new Spade on the new device"));
  }

  private check(where: string): void {
    if (this.ending.signal.aborted) throw new SpadeError("disposed", where, "this Spade was disposed", "create a new one");
    this.device.check(where);
  }

  dispose(): void {
    if (this.ending.signal.aborted) return;
    this.ending.abort(new SpadeError("disposed", "generate", "this Spade was disposed while it painted", "create a new one"));
    this.runner.dispose();
    if (this.ownsDevice || !this.device.owned) this.device.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

type Parameters_<F> = F extends (...args: infer A) => unknown ? A : never;

let announced = false;

/** [H,W,3] in [-1,1] to RGBA bytes, truncated as the published tensor2im does. */
export function toPicture(image: Float32Array, width: number, height: number): Picture {
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) for (let c = 0; c < 3; c++) data[4 * i + c] = Math.floor(Math.min(255, Math.max(0, ((image[3 * i + c] + 1) / 2) * 255)));
  return typeof ImageData === "function" ? (new ImageData(data, width, height) as Picture) : { data, width, height, colorSpace: "srgb" };
}

/** Applies options.size to a config. */
function sized(config: Config, size: SpadeOptions["size"]): Config {
  if (!size) return config;
  const [width, height] = size;
  const stride = 2 ** upsamplings(config);
  const { h, w } = outputSize(config);
  if (config.use_vae && (w !== width || h !== height)) throw new SpadeError("unsupported", "size", `a net with VAE paints ${w} x ${h} only`, "leave size out");
  if (width % stride || height % stride || width < stride || height < stride) throw new SpadeError("shape", "size", `${width} x ${height} are not multiples of ${stride}`, `use multiples of ${stride}`);
  return { ...config, crop_size: width, aspect_ratio: width / height };
}

function labelsOf(config: Config, metadata: Readonly<Record<string, string>>): LabelInfo[] {
  if (metadata.labels) return parseLabels(metadata.labels, "weights, metadata labels", labelCount(config));
  return Array.from({ length: labelCount(config) }, (_, id) => ({ id, name: config.contain_dontcare_label && id === config.label_nc ? "don't care" : `label ${id}`, color: labelHex(id) }));
}

/** The type in which weights and activations are stored: "auto" is f16 where a hardware adapter has it. */
export function storageType(device: Device, wanted: SpadeOptions["dtype"] = "auto"): "f16" | "f32" {
  const half = device.gpu.features.has("shader-f16");
  if (wanted === "f16" && !half) throw new SpadeError("unsupported", "dtype f16", `${device.name} has no shader-f16`, 'use dtype "auto" or "f32"');
  return wanted === "f16" || (wanted === "auto" && half && !device.software) ? "f16" : "f32";
}

async function verify(access: RandomAccess, integrity: string): Promise<RandomAccess> {
  const bytes = await access.read(0, access.size);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  const found = `sha256-${btoa(String.fromCharCode(...hash))}`;
  if (found !== integrity) throw new SpadeError("integrity", "weights", `hash to ${found} where ${integrity} was wanted`, "download them again, or correct `integrity`");
  return bytesAccess(bytes, access.name);
}

/** @internal createSpade over a host. */
export async function createSpadeOn(host: Host, options: SpadeOptions): Promise<Spade> {
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
  let runner: GeneratorRunner | undefined;
  let parameters: Parameters | undefined;
  try {
    signal?.throwIfAborted();
    const shapes = new Map(checkpoint.names().map((n) => [n, checkpoint.info(n).shape]));
    const config = sized(guessConfig(shapes, checkpoint.metadata), options.size);
    device = options.device ? borrowed(options.device) : await host.openDevice({ powerPreference: options.powerPreference });
    const dtype = storageType(device, options.dtype);
    parameters = await Parameters.load(device, config, checkpointSource(checkpoint), dtype, (done, total) => {
      signal?.throwIfAborted();
      report("upload", done, total);
    });
    runner = await GeneratorRunner.create(device, config, parameters, { onProgress: (done, total) => report("compile", done, total) });
    signal?.throwIfAborted();
    const { h, w } = outputSize(config);
    const info: SpadeInfo = {
      width: w,
      height: h,
      stride: 2 ** upsamplings(config),
      labels: labelsOf(config, checkpoint.metadata),
      dontCare: config.contain_dontcare_label ? config.label_nc : null,
      edges: !config.no_instance,
      style: config.use_vae ? { dim: config.z_dim, encoder: false, presets: [] } : null,
      dtype,
      adapter: { vendor: device.info.vendor, architecture: device.info.architecture, software: device.software },
      bytes: { gpu: device.allocated, download: access.size },
    };
    report("ready", 1, 1);
    return new SpadeSession(info, device, config, runner, device.owned);
  } catch (error) {
    runner?.dispose();
    if (!runner) parameters?.dispose();
    device?.dispose();
    throw error;
  } finally {
    await checkpoint.close();
  }
}

function borrowed(gpu: GPUDevice): Device {
  const info = (gpu as { adapterInfo?: GPUAdapterInfo }).adapterInfo ?? ({ vendor: "", architecture: "", device: "", description: "borrowed device" } as GPUAdapterInfo);
  return new Device(gpu, info, false);
}

export { openDevice };
