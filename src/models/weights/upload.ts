// Takes weights to the device while they arrive. The host only writes their bytes into a small buffer; a kernel moves them to their layouts
// and looks for Inf and NaN. What else a program computes of the weights runs as soon as those that it reads are there.

import { unpack } from "../../../kernels/shape/unpack.ts";
import { Graph, paperStorage, polite, Program, aligned, product, viewOf } from "../../runtime/index.ts";
import type { Device, Dispatch, Storage, Tensor } from "../../runtime/index.ts";
import type { Packing } from "./packing.ts";

/** A source of values: a checkpoint, or seeded weights. */
export interface StateSource {
  /** Keys with their shapes, as in upstream (OIHW), in the order in which they are best read. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Reads dense float32 values. @throws SpadeError integrity: values that paint no picture */
  read(key: string): Promise<Float32Array> | Float32Array;
  /** The same values as a file has them. Inf and NaN are left to the device to find; `read` then names them. */
  readonly raw?: {
    /** Whether they are f16, not f32. */
    isHalf(key: string): boolean;
    /** The bytes are needed until the next read only. */
    read(key: string): Promise<Uint8Array>;
  };
}

/** Called with the number of uploaded tensors, and their total. */
export type OnUploaded = (done: number, total: number) => void;

/** What an upload needs of ParameterStore. */
interface Destination {
  readonly device: Device;
  keys(): string[];
  layout(key: string): Pick<Packing, "layout">;
  tensor(g: Graph, key: string): Tensor;
  place(): Promise<void>;
}

export interface UploadOptions {
  /** Computes something of the weights; by default they are only uploaded. */
  graph?: Graph;
  /** Keys that nothing but `graph` reads: they have memory only until it has. */
  transient?: Iterable<string>;
  onProgress?: OnUploaded;
}

/** Bytes that are uploaded before the device is asked to move them on. */
const BATCH = 2 * 2 ** 20;
/** Bytes of one write to the queue: 25 MB at once hold a page's thread for 35 to 50 ms (Chromium). */
const MOST_WRITTEN = 4 * 2 ** 20;

/** One tensor on its way. */
interface Item {
  readonly key: string;
  /** Its first byte in the staging buffer. */
  readonly offset: number;
  /** Number of dispatches that can run when it is there, if the buffer is full then, or nothing follows. */
  submit?: number;
}

export class Upload {
  private readonly items: Item[] = [];
  private readonly staging: Storage;
  private readonly graph: Graph;
  private readonly onProgress: OnUploaded | undefined;

  /** Records the upload. */
  constructor(
    private readonly to: Destination,
    private readonly source: StateSource,
    { graph, transient = [], onProgress }: UploadOptions,
  ) {
    const g = (this.graph = graph ?? new Graph({ ...to.device.target, sizesAs: "uniform" }));
    this.onProgress = onProgress;
    const wanted = new Set(to.keys());
    const keys = [...source.shapes.keys()].filter((key) => wanted.has(key));
    const bytes = (key: string): number => aligned(product(source.shapes.get(key)!) * (this.isHalf(key) ? 2 : 4));
    this.staging = paperStorage("weights staging", Math.max(BATCH, ...keys.map(bytes)));
    for (const key of transient) {
      const t = to.tensor(g, key);
      t.home = "temp";
      t.storage = undefined;
    }
    const derived = [...g.dispatches];
    const bad = g.temp("bad", [keys.length], "u32");
    /** The number of the key with which a tensor is there. */
    const there = new Map<Tensor, number>();
    let offset = 0;
    keys.forEach((key, i) => {
      if (offset + bytes(key) > this.staging.bytes) offset = 0;
      const x = g.external(`${key} raw`, [bytes(key) / 4], "u32", viewOf(this.staging, offset, bytes(key)));
      const y = to.tensor(g, key);
      unpack(g, { x, half: this.isHalf(key), y, layout: to.layout(key).layout, bad, key: i });
      there.set(y, i);
      this.items.push({ key, offset });
      offset += bytes(key);
    });
    g.output("bad", bad);
    this.sort(derived, there);
  }

  /** Puts every dispatch behind the last key that it needs, and notes where runs begin and end. */
  private sort(derived: readonly Dispatch[], there: Map<Tensor, number>): void {
    const { dispatches } = this.graph;
    const unpacks = dispatches.slice(derived.length);
    const ready = new Map(unpacks.map((d, i) => [d, i]));
    for (const d of derived) {
      const bound = Object.values(d.bindings);
      const i = Math.max(0, ...bound.map(({ tensor }) => there.get(tensor) ?? 0));
      ready.set(d, i);
      for (const { tensor, access } of bound) if (access === "read_write") there.set(tensor, i);
    }
    dispatches.splice(0, dispatches.length, ...unpacks, ...derived);
    dispatches.sort((a, b) => ready.get(a)! - ready.get(b)!);
    this.items.forEach((item, i) => {
      if (this.items[i + 1]?.offset) return;
      const next = dispatches.findIndex((d) => ready.get(d)! > i);
      item.submit = next < 0 ? dispatches.length : next;
    });
  }

  private isHalf(key: string): boolean {
    return this.source.raw?.isHalf(key) ?? false;
  }

  /** Allocates the parameters and compiles the program; they need no values yet. */
  async compile(onPipelines?: (done: number, total: number) => void): Promise<Program> {
    const { device } = this.to;
    const program = Program.compile(this.graph, device, { name: "weights", onProgress: onPipelines });
    try {
      await Promise.all([this.to.place(), device.guard("weights", () => device.place(this.staging))]);
    } catch (error) {
      await program.then((made) => made.dispose()).catch(() => undefined);
      throw error;
    }
    return program;
  }

  /**
   * Reads and uploads every key, in the order of the source, and lets other tasks run in between. Resolves when the program has computed
   * everything.
   * @throws SpadeError integrity: see StateSource
   */
  async run(program: Program): Promise<void> {
    const { device } = this.to;
    const { raw } = this.source;
    const breathe = polite();
    let from = 0;
    try {
      for (const [i, { key, offset, submit }] of this.items.entries()) {
        const bytes = await (raw?.read(key) ?? bytesOf(await this.source.read(key)));
        for (let at = 0; at < bytes.length; at += MOST_WRITTEN) {
          await breathe();
          this.write(bytes.subarray(at, at + MOST_WRITTEN), offset + at);
        }
        if (submit !== undefined) {
          program.runPart(from, submit);
          from = submit;
        }
        this.onProgress?.(i + 1, this.items.length);
      }
      const bad = await program.read("bad", "i32");
      if (raw) for (const [i, { key }] of this.items.entries()) if (bad[i]) await this.source.read(key);
      device.check("weights");
    } finally {
      device.free(this.staging);
    }
  }

  /** Writes whole words; zeros follow the last bytes. */
  private write(bytes: Uint8Array, at: number): void {
    const whole = bytes.length & ~3;
    if (whole) this.to.device.upload(this.staging, bytes.subarray(0, whole), at);
    if (whole === bytes.length) return;
    const word = new Uint8Array(4);
    word.set(bytes.subarray(whole));
    this.to.device.upload(this.staging, word, at + whole);
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
