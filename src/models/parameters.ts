// Parameters under their published key names, packed once for the kernels when they are read, unpacked when they are written.

import { blockedShape, packBlocks, unpackBlocks } from "../../kernels/gemm.ts";
import { packConv, unpackConv } from "../../kernels/conv2d.ts";
import { packV, unpackV } from "../../kernels/spectral.ts";
import { encodeHost, decodeHost, SpadeError, type Device, type DType, type Graph, type Storage, type Tensor } from "../runtime/index.ts";
import { generatorShapes, latentSize, type Config } from "./config.ts";

/** Where values come from: a checkpoint, or a seeded recipe. */
export interface StateSource {
  /** Keys with their shapes, as published (OIHW). */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Dense float32 values. */
  read(key: string): Promise<Float32Array> | Float32Array;
}

interface Packed {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Undefined once released. */
  storage: Storage | undefined;
}

/** How a key's values are laid out on the device. */
interface Packing {
  readonly shape: number[];
  readonly pack: (values: Float32Array) => Float32Array;
  readonly unpack: (values: Float32Array) => Float32Array;
  /** Held in the storage type; everything else stays f32. */
  readonly weight: boolean;
}

const same = (v: Float32Array): Float32Array => v;

/**
 * fc of a VAE net maps z to the first feature map, viewed as (16 ngf, h, w): its rows are reordered to (h, w, 16 ngf), so that
 * the result is NHWC. [M, K] becomes [K, M].
 */
function packFc(c: Config): Packing {
  const { h, w } = latentSize(c);
  const [channels, pixels, k] = [16 * c.ngf, h * w, c.z_dim];
  const m = channels * pixels;
  const move = (from: Float32Array, width: number, index: (o: number, i: number) => number, back: boolean): Float32Array => {
    const to = new Float32Array(from.length);
    for (let ch = 0; ch < channels; ch++)
      for (let p = 0; p < pixels; p++)
        for (let i = 0; i < width; i++) {
          const published = (ch * pixels + p) * width + i;
          const packed = index(p * channels + ch, i);
          if (back) to[published] = from[packed];
          else to[packed] = from[published];
        }
    return to;
  };
  const at = (o: number, i: number): number => i * m + o;
  return { shape: [k, m], weight: true, pack: (v) => move(v, k, at, false), unpack: (v) => move(v, k, at, true) };
}

function packFcBias(c: Config): Packing {
  const { h, w } = latentSize(c);
  const channels = 16 * c.ngf;
  const pixels = h * w;
  const transpose = (from: Float32Array, rows: number, cols: number): Float32Array => {
    const to = new Float32Array(from.length);
    for (let r = 0; r < rows; r++) for (let q = 0; q < cols; q++) to[q * rows + r] = from[r * cols + q];
    return to;
  };
  return { shape: [channels * pixels], weight: false, pack: (v) => transpose(v, channels, pixels), unpack: (v) => transpose(v, pixels, channels) };
}

/** The layout rule of every generator key. */
function packingOf(key: string, shape: readonly number[], shapes: ReadonlyMap<string, readonly number[]>, c: Config): Packing {
  if (key === "fc.weight" && c.use_vae) return packFc(c);
  if (key === "fc.bias" && c.use_vae) return packFcBias(c);
  // mlp_gamma and mlp_beta are read by table GEMMs alone.
  if (/\.mlp_(gamma|beta)\.weight$/.test(key)) {
    const [o, i, kh, kw] = shape;
    return { shape: blockedShape(kh * kw, i, o), weight: true, pack: (v) => packBlocks(v, shape), unpack: (v) => unpackBlocks(v, shape) };
  }
  if (shape.length === 4) {
    const [o, i, kh, kw] = shape;
    return { shape: [kh * kw, (i + 3) & ~3, o], weight: true, pack: (v) => packConv(v, shape).data, unpack: (v) => unpackConv(v, shape) };
  }
  if (key.endsWith(".weight_v")) {
    const [, i, kh, kw] = shapes.get(key.replace(/_v$/, "_orig"))!;
    return { shape: [kh * kw, i], weight: false, pack: (v) => packV(v, i, kh, kw), unpack: (v) => unpackV(v, i, kh, kw) };
  }
  return { shape: [...shape], weight: false, pack: same, unpack: same };
}

export class Parameters {
  private readonly packed = new Map<string, Packed>();
  private readonly rules = new Map<string, Packing>();
  private readonly bound = new WeakMap<Graph, Map<string, Tensor>>();

  private constructor(
    readonly device: Device,
    readonly config: Config,
    readonly dtype: DType,
  ) {}

  /**
   * Reads and uploads every key that the config's generator has.
   * @throws SpadeError shape: a key is missing, or its shape is not the config's; the message says which, expected and found
   */
  static async load(device: Device, config: Config, source: StateSource, dtype: DType, onProgress?: (done: number, total: number) => void): Promise<Parameters> {
    return Parameters.loadKeys(device, config, source, dtype, expectedShapes(config, source.shapes), onProgress);
  }

  /** The same for given keys (parts of a net, in tests). */
  static async loadKeys(device: Device, config: Config, source: StateSource, dtype: DType, expected: ReadonlyMap<string, readonly number[]>, onProgress?: (done: number, total: number) => void): Promise<Parameters> {
    checkShapes(expected, source.shapes);
    const p = new Parameters(device, config, dtype);
    let done = 0;
    for (const [key, shape] of expected) {
      const rule = packingOf(key, shape, expected, config);
      const type: DType = rule.weight ? dtype : "f32";
      const bytes = encodeHost({ shape: rule.shape, dtype: type }, rule.pack(await source.read(key)));
      const storage = await device.guard(key, () => device.alloc(key, Math.max(16, Math.ceil(bytes.byteLength / 16) * 16)));
      device.upload(storage, bytes);
      p.packed.set(key, { shape: rule.shape, dtype: type, storage });
      p.rules.set(key, rule);
      onProgress?.(++done, expected.size);
    }
    await device.gpu.queue.onSubmittedWorkDone();
    return p;
  }

  has(key: string): boolean {
    return this.packed.has(key);
  }

  /** The parameter as an external tensor of a graph: one tensor a graph, so that its gradients meet. */
  tensor(g: Graph, key: string): Tensor {
    let known = this.bound.get(g);
    if (!known) this.bound.set(g, (known = new Map()));
    let t = known.get(key);
    if (!t) known.set(key, (t = this.bind(g, key)));
    return t;
  }

  private bind(g: Graph, key: string): Tensor {
    const p = this.packed.get(key);
    if (!p) throw new SpadeError("usage", `parameter ${key}`, "is not there", "load weights that have it");
    return p.storage ? g.external(key, p.shape, p.dtype, p.storage) : g.released(key, p.shape, p.dtype);
  }

  /** Values as published: OIHW, dense float32. */
  async read(key: string): Promise<Float32Array> {
    const p = this.packed.get(key);
    if (!p?.storage) throw new SpadeError("usage", `parameter ${key}`, "is not on the device", "load the weights again");
    return this.rules.get(key)!.unpack(decodeHost(p, await this.device.download(p.storage)));
  }

  /** Values in the key's packed shape (dense, as a program reads them) as published: of a gradient, say. */
  unpack(key: string, values: Float32Array): Float32Array {
    const rule = this.rules.get(key);
    if (!rule) throw new SpadeError("usage", `parameter ${key}`, "is not there", "load weights that have it");
    return rule.unpack(values);
  }

  /** Bytes on the device. */
  get bytes(): number {
    return [...this.packed.values()].reduce((sum, p) => sum + (p.storage?.bytes ?? 0), 0);
  }

  /** Frees what is no longer read (originals whose derived copies serve); shapes stay known. */
  release(keys: Iterable<string>): void {
    for (const key of keys) {
      const p = this.packed.get(key);
      if (!p?.storage) continue;
      this.device.free(p.storage);
      p.storage = undefined;
    }
  }

  dispose(): void {
    this.release([...this.packed.keys()]);
  }
}

/** The config's keys; where a checkpoint of torch <= 1.0 holds W/sigma under `weight`, that key instead of weight_orig, u and v. */
function expectedShapes(config: Config, found: ReadonlyMap<string, readonly number[]>): Map<string, readonly number[]> {
  const out = new Map<string, readonly number[]>();
  for (const [key, shape] of generatorShapes(config)) {
    const base = /^(.*)\.weight_(orig|u|v)$/.exec(key);
    if (!base || found.has(`${base[1]}.weight_orig`) || !found.has(`${base[1]}.weight`)) out.set(key, shape);
    else if (base[2] === "orig") out.set(`${base[1]}.weight`, shape);
  }
  return out;
}

/** Every expected key there, with its shape. Keys beyond those (num_batches_tracked, a discriminator's) are ignored. */
export function checkShapes(expected: ReadonlyMap<string, readonly number[]>, found: ReadonlyMap<string, readonly number[]>): void {
  for (const [key, shape] of expected) {
    const got = found.get(key);
    if (!got) throw new SpadeError("shape", `weights, key ${key}`, `is missing (expected [${shape.join(",")}])`, "check label_nc, norm_G, num_upsampling_layers and use_vae against the options that the net was trained with");
    if (got.length !== shape.length || got.some((n, i) => n !== shape[i])) {
      throw new SpadeError("shape", `weights, key ${key}`, `expected [${shape.join(",")}] and found [${got.join(",")}]`, "give the options that the net was trained with (label_nc, ngf, crop_size, aspect_ratio, z_dim ...)");
    }
  }
}
