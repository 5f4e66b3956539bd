// Parameters under their published key names, packed once for the kernels when they are read, unpacked when they are written.

import { ema } from "../../../kernels/index.ts";
import {
  bytesOf,
  decodeHost,
  encodeHost,
  Graph,
  Program,
  isAllocated,
  paperStorage,
  SpadeError,
  type Device,
  type DType,
  type Storage,
  type Tensor,
} from "../../runtime/index.ts";
import { packingOf, type Net, type Packing } from "./packing.ts";

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

export class ParameterStore {
  private readonly packed = new Map<string, Packed>();
  private readonly rules = new Map<string, Packing>();
  /** f16 copies of weights; what is in `packed` is then their master. */
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

  /** A net's parameters on paper, for recordings: nothing is allocated, and there are no values. */
  static onPaper(net: Net, dtype: DType): ParameterStore {
    return new ParameterStore(undefined, dtype, net);
  }

  /** @throws SpadeError usage: the parameters are on paper */
  get device(): Device {
    if (this.on) return this.on;
    throw new SpadeError("usage", "parameters", "are on paper", "load them onto a device");
  }

  /**
   * Reads and uploads every key of a net: generator, discriminator, encoder, perceptual net.
   * @throws SpadeError shape: a key is missing, or its shape is not the net's; the message says which, expected and found
   */
  static async loadNet(
    device: Device,
    net: Net,
    source: StateSource,
    dtype: DType,
    onProgress?: (done: number, total: number) => void,
  ): Promise<ParameterStore> {
    const expected = net.shapes;
    checkShapes(expected, source.shapes);
    const p = new ParameterStore(device, dtype, net);
    let done = 0;
    try {
      for (const [key, packed] of p.packed) {
        const bytes = encodeHost(packed, p.rules.get(key)!.pack(await source.read(key)));
        await device.guard(key, () => device.place(packed.storage!));
        device.upload(packed.storage!, bytes);
        onProgress?.(++done, expected.size);
      }
    } catch (error) {
      p.dispose();
      throw error;
    }
    await device.gpu.queue.onSubmittedWorkDone();
    return p;
  }

  /** The same values (of f16 copies, their masters) in buffers of their own. */
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

  /** Whether a key's values are held, or were released. */
  isThere(key: string): boolean {
    return this.packed.get(key)?.storage !== undefined;
  }

  /** Every key, in the net's order. */
  keys(): string[] {
    return [...this.packed.keys()];
  }

  /** A key's published shape. */
  shape(key: string): readonly number[] {
    return this.net.shapes.get(key)!;
  }

  /** Where a key lies. @throws SpadeError usage when it was released */
  storage(key: string): Storage {
    const storage = this.packed.get(key)?.storage;
    if (!storage) throw new SpadeError("usage", `parameter ${key}`, "is not on the device", "load the weights again");
    return storage;
  }

  /** A tensor in the layout of a key (its gradient, its moments), dense, as published. */
  published(key: string, packed: Float32Array): Float32Array {
    return this.rules.get(key)!.unpack(packed);
  }

  /**
   * From here on graphs read f16 copies of the weights; the f32 values are their masters, which Adam moves with the copies. Values written
   * into the masters by others reach the copies with the next call.
   */
  async useHalves(): Promise<void> {
    const g = new Graph(this.device.target);
    for (const [key, { shape, dtype }] of this.packed) {
      if (!this.rules.get(key)!.weight || dtype !== "f32") continue;
      const half = this.halves.get(key) ?? this.device.alloc(`${key} f16`, bytesOf(shape, "f16"));
      this.halves.set(key, half);
      ema(g, { x: this.master(g, key), y: g.external(`${key} f16`, shape, "f16", half), decay: 0 });
    }
    const program = await Program.compile(g, this.device, { name: "halves" });
    await program.run();
    program.dispose();
  }

  /** The values that training moves: the parameter itself, or the f32 master behind the copy that kernels read. */
  master(g: Graph, key: string): Tensor {
    const { shape, dtype } = this.packed.get(key)!;
    return this.halves.has(key) ? g.external(`${key} master`, shape, dtype, this.storage(key)) : this.tensor(g, key);
  }

  /** The parameter as kernels read it, an external tensor of a graph: one tensor a graph, so that its gradients meet. */
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

  /** Values as published: OIHW, dense float32. */
  async read(key: string): Promise<Float32Array> {
    const p = this.packed.get(key);
    if (!p?.storage)
      throw new SpadeError("usage", `parameter ${key}`, "is not on the device", "load the weights again");
    return this.rules.get(key)!.unpack(decodeHost(p, await this.device.download(p.storage)));
  }

  /** Replaces a key's values; dense float32, as published. */
  write(key: string, values: Float32Array): void {
    this.device.upload(this.storage(key), encodeHost(this.packed.get(key)!, this.rules.get(key)!.pack(values)));
  }

  /** The layout of a key on the device: what its moments share. */
  layout(key: string): Pick<Packing, "shape" | "pack" | "unpack"> {
    return this.rules.get(key)!;
  }

  /** Bytes on the device. */
  get bytes(): number {
    const all = [...[...this.packed.values()].map((p) => p.storage), ...this.halves.values()];
    return all.reduce((sum, storage) => sum + (storage?.bytes ?? 0), 0);
  }

  /** Frees what is no longer read (originals whose derived copies serve); shapes stay known. */
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

/** Every expected key there, with its shape. Keys beyond those (num_batches_tracked, a discriminator's) are ignored. */
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
