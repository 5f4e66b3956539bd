// Parameters under upstream's key names. Uploads move them to the kernels' layouts; reads move them back.

import {
  bytesOf,
  decodeHost,
  encodeHost,
  Graph,
  isAllocated,
  paperStorage,
  SpadeError,
  type Device,
  type DType,
  type Storage,
  type Tensor,
} from "../../runtime/index.ts";
import { packingOf, type Net, type Packing } from "./packing.ts";
import { Upload, type OnUploaded, type StateSource } from "./upload.ts";

export type { StateSource };

interface Packed {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Undefined after release. */
  storage: Storage | undefined;
}

export class ParameterStore {
  private readonly packed = new Map<string, Packed>();
  private readonly rules = new Map<string, Packing>();
  /** f16 copies of weights; `packed` then holds their f32 masters. */
  private readonly halves = new Map<string, Storage>();
  private readonly bound = new WeakMap<Graph, Map<string, Tensor>>();

  private constructor(
    private readonly on: Device | undefined,
    readonly dtype: DType,
    private readonly net: Net,
  ) {
    for (const key of net.shapes.keys()) {
      const rule = packingOf(net, key);
      const type: DType = rule.weight ? dtype : "f32";
      const storage = paperStorage(key, bytesOf(rule.shape, type));
      this.packed.set(key, { shape: rule.shape, dtype: type, storage });
      this.rules.set(key, rule);
    }
  }

  /** A net's parameters on paper, for recordings: without allocated memory and without values. */
  static onPaper(net: Net, dtype: DType): ParameterStore {
    return new ParameterStore(undefined, dtype, net);
  }

  /** @throws SpadeError usage: the parameters are on paper */
  get device(): Device {
    if (this.on) return this.on;
    throw new SpadeError("usage", "parameters", "are on paper", "load them onto a device");
  }

  /**
   * Reads and uploads every key of a net (generator, discriminator, encoder or perceptual net).
   * @throws SpadeError shape: a key is missing or has another shape; the message gives the key, the expected and the
   * found shape
   */
  static async loadNet(
    device: Device,
    net: Net,
    source: StateSource,
    dtype: DType,
    onProgress?: OnUploaded,
  ): Promise<ParameterStore> {
    const p = ParameterStore.empty(device, net, source.shapes, dtype);
    try {
      const upload = new Upload(p, source, { onProgress });
      const program = await upload.compile();
      try {
        await upload.run(program);
      } finally {
        program.dispose();
      }
    } catch (error) {
      p.dispose();
      throw error;
    }
    return p;
  }

  /** A net's parameters for a device, without memory and values yet. @param found the source's shapes @throws as loadNet */
  static empty(device: Device, net: Net, found: StateSource["shapes"], dtype: DType): ParameterStore {
    checkShapes(net.shapes, found);
    return new ParameterStore(device, dtype, net);
  }

  /** Allocates the memory of every key that has none and was not released. */
  async place(): Promise<void> {
    await this.device.guard("weights", () => {
      for (const { storage } of this.packed.values()) if (storage && !isAllocated(storage)) this.device.place(storage);
    });
  }

  /**
   * Copies the values into new buffers. If there are f16 copies, only their f32 masters are cloned.
   * @notInPages
   */
  clone(): ParameterStore {
    const copy = new ParameterStore(this.device, this.dtype, this.net);
    const encoder = this.device.gpu.createCommandEncoder({ label: "clone" });
    for (const key of this.packed.keys()) {
      const from = this.storage(key);
      const storage = this.device.place(copy.packed.get(key)!.storage!, `${key} clone`);
      encoder.copyBufferToBuffer(from.buffer, from.offset, storage.buffer, 0, from.bytes);
    }
    this.device.gpu.queue.submit([encoder.finish()]);
    return copy;
  }

  has(key: string): boolean {
    return this.packed.has(key);
  }

  /** Whether a key exists and was not released. */
  isThere(key: string): boolean {
    return this.packed.get(key)?.storage !== undefined;
  }

  /** Every key, in the net's order. */
  keys(): string[] {
    return [...this.packed.keys()];
  }

  /** A key's shape in upstream. */
  shape(key: string): readonly number[] {
    return this.net.shapes.get(key)!;
  }

  /** A key's storage on the device. @throws SpadeError usage: the key was released or does not exist */
  storage(key: string): Storage {
    const storage = this.packed.get(key)?.storage;
    if (!storage) throw new SpadeError("usage", `parameter ${key}`, "is not on the device", "load the weights again");
    return storage;
  }

  /**
   * Unpacks a tensor in a key's layout (its gradient or moments) to upstream's dense layout.
   * @notInPages
   */
  published(key: string, packed: Float32Array): Float32Array {
    return this.rules.get(key)!.unpack(packed);
  }

  /**
   * The f16 copy of an f32 weight, which graphs read from now on; allocated at the first call. Undefined for other keys.
   * @notInPages
   */
  half(key: string): Storage | undefined {
    const { shape, dtype } = this.packed.get(key)!;
    if (!this.rules.get(key)!.weight || dtype !== "f32") return undefined;
    let half = this.halves.get(key);
    if (!half) this.halves.set(key, (half = this.device.alloc(`${key} f16`, bytesOf(shape, "f16"))));
    return half;
  }

  /**
   * The tensor that training updates: the parameter itself, or the f32 master of an f16 copy.
   * @notInPages
   */
  master(g: Graph, key: string): Tensor {
    const { shape, dtype } = this.packed.get(key)!;
    return this.halves.has(key) ? g.external(`${key} master`, shape, dtype, this.storage(key)) : this.tensor(g, key);
  }

  /**
   * The parameter as kernels read it, as an external tensor of a graph. There is one per graph, so that its gradients
   * are summed.
   */
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
    const half = this.halves.get(key);
    if (half) return g.external(key, p.shape, "f16", half);
    return p.storage ? g.external(key, p.shape, p.dtype, p.storage) : g.released(key, p.shape, p.dtype);
  }

  /**
   * Reads a key's values in upstream's layout: OIHW, dense float32.
   * @notInPages
   */
  async read(key: string): Promise<Float32Array> {
    const p = this.packed.get(key);
    if (!p?.storage)
      throw new SpadeError("usage", `parameter ${key}`, "is not on the device", "load the weights again");
    return this.rules.get(key)!.unpack(decodeHost(p, await this.device.download(p.storage)));
  }

  /**
   * Replaces a key's values, given as dense float32 in upstream's layout.
   * @notInPages
   */
  write(key: string, values: Float32Array): void {
    this.device.upload(this.storage(key), encodeHost(this.packed.get(key)!, this.rules.get(key)!.pack(values)));
  }

  /** The layout of a key on the device, which its moments also have. */
  layout(key: string): Pick<Packing, "shape" | "layout" | "pack" | "unpack"> {
    return this.rules.get(key)!;
  }

  /** Memory on the device, in bytes. */
  get bytes(): number {
    const all = [...[...this.packed.values()].map((p) => p.storage), ...this.halves.values()];
    return all.reduce((sum, storage) => sum + (storage?.bytes ?? 0), 0);
  }

  /** Frees keys that are no longer read, such as originals with derived copies; keeps their shapes. */
  release(keys: Iterable<string>): void {
    for (const key of keys) {
      const p = this.packed.get(key);
      if (!p?.storage) continue;
      if (isAllocated(p.storage)) this.device.free(p.storage);
      p.storage = undefined;
    }
  }

  dispose(): void {
    this.release([...this.packed.keys()]);
    for (const half of this.halves.values()) this.device.free(half);
    this.halves.clear();
  }
}

/**
 * Checks that every expected key exists and has its shape. Ignores other keys (num_batches_tracked, a discriminator's).
 */
function checkShapes(
  expected: ReadonlyMap<string, readonly number[]>,
  found: ReadonlyMap<string, readonly number[]>,
): void {
  for (const [key, shape] of expected) {
    const got = found.get(key);
    if (!got)
      throw new SpadeError(
        "shape",
        `weights, key ${key}`,
        `is missing (expected [${shape.join(",")}])`,
        /\.weight_[uv]$/.test(key) && found.has(key.replace(/[uv]$/, "orig"))
          ? "the file has weight_orig without it: save the whole state_dict again, torch.save(net.state_dict(), path)"
          : "check label_nc, norm_G, num_upsampling_layers and use_vae against the options that the net was trained with",
      );
    if (got.length !== shape.length || got.some((n, i) => n !== shape[i])) {
      throw new SpadeError(
        "shape",
        `weights, key ${key}`,
        `expected [${shape.join(",")}] and found [${got.join(",")}]`,
        "give the options that the net was trained with (label_nc, ngf, crop_size, aspect_ratio, z_dim ...)",
      );
    }
  }
}
