// A GPU device with its plan target (features and limits), pipeline cache, buffers and state.

import { SpadeError } from "./errors.ts";
import { PipelineCache } from "./pipelines.ts";
import { BASE_LIMITS, type Limits, type Target } from "./target.ts";
import type { Storage } from "./tensor.ts";
import type { SizesAs } from "./wgsl.ts";
import { pause } from "./yield.ts";

export interface OpenOptions {
  sizesAs?: SizesAs;
  /** Variants from a plan file. */
  variants?: Readonly<Record<string, string>>;
  /** Called when an adapter is found, before its device is opened. */
  onAdapter?: () => void;
  /** Awaits a promise of a software adapter, where a pending promise slows the adapter down. */
  rest?: <T>(promise: Promise<T>) => Promise<T>;
}

const FEATURES = [
  "shader-f16",
  "subgroups",
  "subgroup-size-control",
  "timestamp-query",
  "chromium-experimental-subgroup-matrix",
] as const;
const SOFTWARE = /llvmpipe|lavapipe|swiftshader|basic render|warp|software/i;

export function isSoftware(info: GPUAdapterInfo): boolean {
  return (
    Boolean(info.isFallbackAdapter) ||
    SOFTWARE.test(`${info.vendor} ${info.architecture} ${info.device} ${info.description}`)
  );
}

function fixedSubgroup({ subgroupMinSize, subgroupMaxSize }: GPUAdapterInfo): number | undefined {
  return subgroupMinSize && subgroupMinSize === subgroupMaxSize ? subgroupMinSize : undefined;
}

/**
 * Calls `listener` when the device is lost, without keeping it alive: a borrowed device outlives the objects created on it. Kept
 * apart from other closures, because closures of one function share one scope and all that it holds.
 */
export function whenLost(gpu: GPUDevice, listener: { deviceLost(info: GPUDeviceLostInfo): void }): void {
  const ref = new WeakRef(listener);
  void gpu.lost.then((info) => ref.deref()?.deviceLost(info));
}

/**
 * An event handler that passes errors outside any error scope to `listener`, without keeping it alive: the garbage collector can't see
 * the listeners that Dawn's Node binding holds, and one that refers to its device would leak the device and every pipeline.
 */
function refusals(listener: { workRefused(error: GPUError): void }): (event: GPUUncapturedErrorEvent) => void {
  const ref = new WeakRef(listener);
  return ({ error }) => ref.deref()?.workRefused(error);
}

export type DeviceState = "alive" | "lost" | "disposed";

export class Device {
  readonly pipelines: PipelineCache;
  readonly target: Target;
  readonly software: boolean;
  state: DeviceState = "alive";
  /** Why the device was lost, if it was: in the browser's words. */
  lostReason = "";
  /** By destroy(), or by a crash, a driver, the system. */
  lostBy: GPUDeviceLostReason = "unknown";
  /** Bytes of the buffers allocated here and not yet destroyed. */
  allocated = 0;
  private readonly buffers = new Map<GPUBuffer, string>();
  /** The first error outside any error scope; without it, refused work would show only as wrong numbers. */
  private refused = "";
  private readonly onRefusal = refusals(this);

  /** @param owned false for a borrowed GPUDevice, which dispose() leaves alone */
  constructor(
    readonly gpu: GPUDevice,
    readonly info: GPUAdapterInfo,
    readonly owned: boolean,
    private readonly options: Pick<OpenOptions, "sizesAs" | "variants" | "rest"> = {},
  ) {
    this.software = isSoftware(info);
    const limits = Object.fromEntries(
      Object.keys(BASE_LIMITS).map((k) => [k, gpu.limits[k as keyof Limits]]),
    ) as unknown as Limits;
    this.target = {
      software: this.software,
      features: gpu.features as ReadonlySet<string>,
      subgroupSize: fixedSubgroup(info),
      limits,
      sizesAs: options.sizesAs ?? (this.software ? "uniform" : "mixed"),
      variants: options.variants ?? {},
    };
    this.pipelines = new PipelineCache(gpu);
    // On a borrowed device, the errors may come from its owner's work.
    if (owned) gpu.addEventListener("uncapturederror", this.onRefusal);
    whenLost(gpu, this);
  }

  /** @internal */
  deviceLost({ message, reason }: GPUDeviceLostInfo): void {
    if (this.state !== "alive") return;
    this.state = "lost";
    this.lostReason = message || reason;
    this.lostBy = reason === "destroyed" ? reason : "unknown";
  }

  /** @internal */
  workRefused(error: GPUError): void {
    this.refused ||= firstLine(error);
  }

  /** The adapter's name for messages. */
  get name(): string {
    const { vendor, architecture, device, description } = this.info;
    return description || [vendor, architecture, device].filter(Boolean).join(" ") || "unknown adapter";
  }

  /** Throws if the device can't be used; every entry point calls it. */
  check(where: string): void {
    if (this.state === "lost")
      throw new SpadeError(
        "device-lost",
        where,
        `the GPU device was lost (${this.lostReason})`,
        "open a new device and load the model again",
      );
    if (this.state === "disposed") throw new SpadeError("disposed", where, "was disposed", "create a new one");
    if (!this.refused) return;
    const refused = this.refused;
    this.refused = "";
    throw new SpadeError(
      "usage",
      where,
      `the adapter refused earlier work (${refused})`,
      "results since then are wrong; report this message if nothing of yours uses the device",
    );
  }

  /** Awaits a promise of the GPUDevice. */
  wait<T>(promise: Promise<T>): Promise<T> {
    const { rest } = this.options;
    return this.software && rest ? rest(promise) : promise;
  }

  /** Allocates a storage buffer. The enclosing `guard` reports out of memory. */
  alloc(
    label: string,
    bytes: number,
    usage: number = 128 /* STORAGE */ | 4 /* COPY_SRC */ | 8 /* COPY_DST */,
  ): Storage {
    this.check(label);
    const buffer = this.gpu.createBuffer({ label, size: bytes, usage });
    this.buffers.set(buffer, label);
    this.allocated += bytes;
    return { buffer, offset: 0, bytes, label };
  }

  /** Allocates the buffer of a paper storage. */
  place(storage: Storage, label = storage.label): Storage {
    storage.buffer = this.alloc(label, storage.bytes).buffer;
    return storage;
  }

  free(storage: Storage): void {
    this.release(storage.buffer);
  }

  private release(buffer: GPUBuffer): void {
    if (!this.buffers.delete(buffer)) return;
    this.allocated -= buffer.size;
    buffer.destroy();
  }

  /**
   * Runs allocations and turns the adapter's out-of-memory into our error, with the largest buffers named. On any failure it frees
   * the buffers that `body` allocated.
   */
  async guard<T>(where: string, body: () => T): Promise<T> {
    this.check(where);
    const before = new Set(this.buffers.keys());
    this.gpu.pushErrorScope("out-of-memory");
    this.gpu.pushErrorScope("validation");
    let result: { value: T } | { thrown: unknown };
    try {
      result = { value: body() };
    } catch (thrown) {
      result = { thrown };
    }
    const made = [...this.buffers.keys()].filter((b) => !before.has(b));
    // Pop both scopes in this tick: scopes are a stack, and other calls push theirs meanwhile.
    const [invalid, full] = await Promise.all([this.gpu.popErrorScope(), this.gpu.popErrorScope()]);
    try {
      this.check(where);
      if ("thrown" in result) throw result.thrown;
      if (full) throw this.outOfMemory(where);
      if (invalid)
        throw new SpadeError(
          "usage",
          where,
          `the adapter refused it (${firstLine(invalid)})`,
          "check what the graph binds",
        );
      return result.value;
    } catch (error) {
      for (const buffer of made) this.release(buffer);
      throw error;
    }
  }

  private outOfMemory(where: string): SpadeError {
    const top = [...this.buffers.keys()]
      .sort((a, b) => b.size - a.size)
      .slice(0, 3)
      .map((b) => `${b.label} ${(b.size / 2 ** 20).toFixed(0)} MiB`);
    return new SpadeError(
      "out-of-memory",
      where,
      `the adapter has no room (${(this.allocated / 2 ** 20).toFixed(0)} MiB wanted in all; largest: ${top.join(", ")})`,
      "use a smaller picture or batch, f16 storage, or another adapter",
    );
  }

  upload(storage: Storage, data: ArrayBufferView, offset = 0): void {
    this.check(storage.label);
    if (offset + data.byteLength > storage.bytes) {
      throw new SpadeError(
        "shape",
        storage.label,
        `has ${storage.bytes} bytes and is given ${data.byteLength} at ${offset}`,
        "upload what fits",
      );
    }
    this.gpu.queue.writeBuffer(
      storage.buffer,
      storage.offset + offset,
      data.buffer as ArrayBuffer,
      data.byteOffset,
      data.byteLength,
    );
  }

  /** Reads a range back through a temporary staging buffer (for set-up and tests; programs keep staging buffers). */
  async download(storage: Storage): Promise<ArrayBuffer> {
    const staging = this.alloc(`${storage.label} staging`, storage.bytes, 1 /* MAP_READ */ | 8 /* COPY_DST */);
    try {
      return await this.fetch(storage.label, storage, staging.buffer);
    } finally {
      this.free(staging);
    }
  }

  /**
   * Queues a copy of a range to a staging buffer of the same size at once, unless it is `queued`; resolves with the bytes when the queue has
   * run it.
   */
  async fetch(
    where: string,
    from: Pick<Storage, "buffer" | "offset" | "bytes">,
    staging: GPUBuffer,
    queued = false,
  ): Promise<ArrayBuffer> {
    if (!queued) {
      const encoder = this.gpu.createCommandEncoder({ label: `${where} read` });
      encoder.copyBufferToBuffer(from.buffer, from.offset, staging, 0, from.bytes);
      this.gpu.queue.submit([encoder.finish()]);
    }
    try {
      await this.wait(staging.mapAsync(1 /* READ */));
    } catch (cause) {
      // If the device is lost or disposed, check() throws that error instead. The browser may say so a little later.
      if (this.state === "alive") await Promise.race([this.gpu.lost, pause(LOST_WITHIN_MS)]);
      this.check(where);
      throw new SpadeError("disposed", where, "was disposed while it was read", "await the read first", cause);
    }
    const copy = staging.getMappedRange().slice(0);
    staging.unmap();
    this.check(where);
    return copy;
  }

  /** Destroys the buffers allocated here, and the GPUDevice unless it is borrowed. */
  dispose(): void {
    if (this.state === "disposed") return;
    for (const buffer of this.buffers.keys()) buffer.destroy();
    this.buffers.clear();
    this.allocated = 0;
    this.state = "disposed";
    this.pipelines.clear();
    if (!this.owned) return;
    this.gpu.removeEventListener("uncapturederror", this.onRefusal);
    this.gpu.destroy();
  }
}

/** How long after a read has failed the browser may take to say that the device is lost. */
const LOST_WITHIN_MS = 1000;

const firstLine = (error: { readonly message: string }): string =>
  error.message.split("\n").find(Boolean) ?? "no message";

/** The notice for users of a software adapter: what it means. */
export const softwareNotice = ({ name }: Device): string => `${name} is a software adapter: it computes on the CPU`;

/** Opens a device of an adapter, owned, with every feature and limit that the adapter has and we can use. */
export async function deviceOf(adapter: GPUAdapter, options: OpenOptions = {}): Promise<Device> {
  options.onAdapter?.();
  const requiredFeatures = FEATURES.filter((f) => adapter.features.has(f)) as GPUFeatureName[];
  const requiredLimits: Record<string, number> = {};
  for (const name of Object.keys(BASE_LIMITS) as (keyof Limits)[]) requiredLimits[name] = adapter.limits[name];
  const device = await adapter.requestDevice({ label: "spade-webgpu", requiredFeatures, requiredLimits });
  return new Device(device, adapter.info, true, options);
}
