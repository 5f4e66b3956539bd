// A Program is a compiled graph: memory, pipelines, bind groups. A run creates no GPU objects but command encoders and passes (one of
// each, or one of each per slice). Bindings can't change; an input that is unknown, of a wrong length or never given throws.

import type { Cut } from "../cut.ts";
import type { Device } from "../device.ts";
import { SpadeError } from "../errors.ts";
import { countedGroups, type CountedGroups, type Dispatch, type Graph, type Groups } from "../graph.ts";
import type { PlacedCut } from "./exchange.ts";
import { Inputs } from "./inputs.ts";
import { planMemory, uniformSizes, type MemoryPlan } from "../planner.ts";
import { packSizes, pipelineRequests, requestPipelines } from "./requests.ts";
import { runPrograms, submit, type RunOptions, type Runnable } from "./run.ts";
import {
  decodeHost,
  type HostArray,
  describe,
  forgetBuffer,
  isAllocated,
  product,
  type Storage,
  type Tensor,
} from "../tensor.ts";

export interface CompileOptions {
  name?: string;
  /** Pipelines compiled so far, and in all. */
  onProgress?: (done: number, total: number) => void;
}

interface Launch {
  readonly dispatch: Dispatch;
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  /** Workgroups that depend on no count. */
  readonly groups: [number, number, number] | undefined;
}

interface Output {
  readonly tensor: Tensor;
  readonly storage: Storage;
  /** Allocated by the first read. */
  staging?: Storage;
  /** A read is waiting for its copy in `staging`. */
  busy: boolean;
  /** A run has copied it to `staging`, and no read has taken it. */
  queued: boolean;
}

/** Workgroups for these counts; without them, at full capacity. */
function groupsOf(groups: Groups, counts?: Readonly<Record<string, number>>): [number, number, number] {
  const one = (g: number | CountedGroups | undefined): number =>
    typeof g === "object" ? countedGroups(g, counts?.[g.count.name] ?? g.count.capacity) : (g ?? 1);
  return [one(groups[0]), one(groups[1]), one(groups[2])];
}

/**
 * The first dispatch after a cut that binds one of its tensors.
 * @notInPages
 */
function firstReader({ dispatches }: Graph, { tensors, at }: Cut): number {
  const i = dispatches.findIndex(
    (d, n) => n >= at && Object.values(d.bindings).some((b) => tensors.includes(b.tensor)),
  );
  return i < 0 ? dispatches.length : i;
}

/** A buffer to read back through. */
function staging(device: Device, label: string, bytes: number, owned: Storage[]): Storage {
  const made = device.alloc(`${label} staging`, bytes, 1 /* MAP_READ */ | 8 /* COPY_DST */);
  owned.push(made);
  return made;
}

/** How much slower an adapter is taken to be after each run that took longer. */
const MOST_SLOWER = 1.03;

export class Program implements Runnable {
  private readonly inputs: Inputs;
  private readonly outputs = new Map<string, Output>();
  private counts: Record<string, number> = {};
  /** The smallest capacity declared for each count. */
  private readonly capacities = new Map<string, number>();
  /** FLOP/s of sliced runs, for cutting the next. */
  private rate = 5e9;
  /** Of the next run; the first decides alone. */
  private mostSlower = 1000;
  private disposed = false;
  /** A run in several submits is in progress. */
  private running = false;

  private constructor(
    readonly name: string,
    readonly device: Device,
    readonly memory: MemoryPlan,
    private readonly steps: readonly Launch[],
    private readonly owned: Storage[],
    /** What it keeps for other programs, and the buffers of its cuts. */
    private kept: readonly Storage[],
    readonly cuts: readonly PlacedCut[],
  ) {
    this.inputs = new Inputs(name, device);
    for (const { dispatch } of steps) {
      for (const g of dispatch.groups) {
        if (typeof g === "object")
          this.capacities.set(g.count.name, Math.min(g.count.capacity, this.capacities.get(g.count.name) ?? Infinity));
      }
    }
  }

  /** @internal */
  get dispatches(): readonly Dispatch[] {
    return this.steps.map(({ dispatch }) => dispatch);
  }

  get dispatchCount(): number {
    return this.steps.length;
  }

  get flops(): number {
    return this.steps.reduce((sum, s) => sum + s.dispatch.flops, 0);
  }

  /** Plans, allocates, compiles and binds. Nothing is allocated when the plan exceeds the adapter's limits. */
  static async compile(graph: Graph, device: Device, options: CompileOptions = {}): Promise<Program> {
    const name = options.name ?? "program";
    device.check(name);
    for (const t of graph.kept.values()) {
      if (t.storage && isAllocated(t.storage))
        throw new SpadeError(
          "usage",
          `${name}, kept ${describe(t)}`,
          "is kept by a program of this graph already",
          "dispose that program, or record the graph again",
        );
    }
    if (!device.gpu.features.has("shader-f16")) {
      const half = graph.dispatches.flatMap((d) => Object.values(d.bindings)).find((b) => b.tensor.dtype === "f16");
      if (half)
        throw new SpadeError(
          "unsupported",
          `${name}, ${describe(half.tensor)}`,
          `${device.name} has no shader-f16`,
          "use f32 storage",
        );
    }
    const memory = planMemory(graph);
    const requests = pipelineRequests(graph, device);
    requestPipelines([graph], device);
    const promises = requests.map((r) => device.pipelines.get(r));
    const distinct = new Set(promises);
    let done = 0;
    await device.wait(Promise.all([...distinct].map((p) => p.then(() => options.onProgress?.(++done, distinct.size)))));
    const pipelines = await Promise.all(promises);

    const owned: Storage[] = [];
    const kept: Storage[] = [];
    const compiled = device.guard(name, () => {
      const arenas = memory.arenas.map((bytes, i) => device.alloc(`${name} arena ${i}`, bytes));
      owned.push(...arenas);
      for (const [keptName, t] of graph.kept) {
        // A tensor may be kept under two names.
        if (kept.includes(t.storage!)) continue;
        kept.push(device.place(t.storage!, `${name} ${keptName}`));
      }
      for (const { storage } of graph.cuts) kept.push(device.place(storage, `${name} ${storage.label}`));
      owned.push(...kept);
      const place = (t: Tensor): Storage => {
        if (t.storage) {
          if (isAllocated(t.storage)) return t.storage;
          throw new SpadeError(
            "usage",
            `${name}, ${describe(t)}`,
            "is not allocated",
            "compile the graph that keeps it first, or load the weights",
          );
        }
        const p = memory.placements.get(t.id);
        if (!p)
          throw new SpadeError("usage", describe(t), "has no place in the program", "record an op that writes it");
        return { buffer: arenas[p.arena].buffer, offset: p.offset, bytes: t.bytes, label: t.name };
      };
      const sizes = packSizes(graph, device, name);
      if (sizes) owned.push(sizes.storage);
      const steps = graph.dispatches.map((dispatch, i): Launch => {
        const entries: GPUBindGroupEntry[] = Object.values(dispatch.bindings).map((b, binding) => {
          const s = place(b.tensor);
          return { binding, resource: { buffer: s.buffer, offset: s.offset, size: b.tensor.bytes } };
        });
        if (sizes && requests[i].layout.endsWith("u")) {
          const n = uniformSizes(graph, dispatch).length;
          entries.push({
            binding: entries.length,
            resource: { buffer: sizes.storage.buffer, offset: sizes.offsets[i], size: Math.ceil(n / 4) * 16 },
          });
        }
        const group = device.gpu.createBindGroup({
          label: dispatch.label,
          layout: device.pipelines.layout(requests[i].layout).group,
          entries,
        });
        const groups = dispatch.groups.some((g) => typeof g === "object") ? undefined : groupsOf(dispatch.groups);
        return { dispatch, pipeline: pipelines[i], group, groups };
      });
      const cuts = graph.cuts.map((cut): PlacedCut => ({
        ...cut,
        needed: firstReader(graph, cut),
        staging: staging(device, `${name} ${cut.name}`, cut.storage.bytes, owned),
      }));
      const program = new Program(name, device, memory, steps, owned, kept, cuts);
      for (const [inputName, tensor] of graph.inputs)
        program.inputs.declare(inputName, tensor, place(tensor), graph.partial.has(inputName));
      for (const [outputName, tensor] of graph.outputs)
        program.outputs.set(outputName, { tensor, storage: place(tensor), busy: false, queued: false });
      return program;
    });
    return compiled.catch((error: unknown) => {
      kept.forEach(forgetBuffer);
      throw error;
    });
  }

  /** Throws if the program can't be used. */
  private check(): void {
    this.device.check(this.name);
    if (this.disposed) throw new SpadeError("disposed", this.name, "was disposed", "compile it again");
    if (this.running)
      throw new SpadeError(
        "usage",
        this.name,
        "is still running",
        "await that run first; an aborted one ends with its slice",
      );
  }

  /** Writes an input: a dense array in the tensor's logical shape. */
  setInput(name: string, data: HostArray): void {
    this.check();
    this.inputs.set(name, data);
  }

  private prepare(options: RunOptions): void {
    this.check();
    for (const [name, n] of Object.entries(options.counts ?? {})) {
      const capacity = this.capacities.get(name) ?? Infinity;
      if (!(Number.isInteger(n) && n >= 0))
        throw new SpadeError("shape", this.name, `count "${name}" is ${n}`, "give a whole number");
      if (n > capacity)
        throw new SpadeError(
          "shape",
          this.name,
          `count "${name}" is ${n} where the program was made for ${capacity}`,
          "record the program again with a larger capacity",
        );
    }
    const counts = { ...this.counts, ...options.counts };
    for (const name of this.capacities.keys()) {
      if (counts[name] === undefined)
        throw new SpadeError("usage", this.name, `needs the count "${name}"`, "give it in run({ counts })");
    }
    for (const [name, data] of Object.entries(options.inputs ?? {})) this.setInput(name, data);
    this.inputs.checkAllGiven();
    this.counts = counts;
    for (const output of this.outputs.values()) output.queued = false;
  }

  /** Runs everything in one submit (or in slices, or from cut to cut). Resolves when the work is queued; read() waits for it. */
  async run(options: RunOptions = {}): Promise<void> {
    await runPrograms([this], new Map([[this, options]]), options);
  }

  /** Runs dispatches [from, to) alone: for programs whose inputs arrive one by one, in the order of the dispatches. */
  runPart(from: number, to: number): void {
    this.prepare({});
    submit(this.device, this.name, [this], { from, to });
  }

  /** @internal */
  encode(pass: GPUComputePassEncoder, from = 0, to = this.steps.length): void {
    let last: GPUComputePipeline | undefined;
    for (let i = from; i < to; i++) {
      const { dispatch, pipeline, group, groups } = this.steps[i];
      const [x, y, z] = groups ?? groupsOf(dispatch.groups, this.counts);
      if (x * y * z === 0) continue;
      if (pipeline !== last) pass.setPipeline((last = pipeline));
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(x, y, z);
    }
  }

  /** @internal */
  begin(options: RunOptions): void {
    this.prepare(options);
  }

  /** @internal */
  estimates(): number[] {
    return this.steps.map(({ dispatch: { flops, bytes, groups } }) => {
      // These are of full tables; an edit computes a few rows.
      const part = product(groupsOf(groups, this.counts)) / product(groupsOf(groups));
      return ((flops + bytes / 2) * part * 1e3) / this.rate;
    });
  }

  /** @internal */
  hold(running: boolean): void {
    this.running = running;
  }

  /** @internal */
  learn(factor: number): void {
    // A run that waits for the page's frames is no reason for many short slices, each of which waits again.
    this.rate /= Math.min(factor || 1, this.mostSlower);
    this.mostSlower = MOST_SLOWER;
  }

  /** Where an output lies on the device. @throws SpadeError usage: there is no such output */
  storageOf(name: string): Storage {
    return this.output(name).storage;
  }

  private output(name: string): Output {
    const output = this.outputs.get(name);
    if (output) return output;
    const fix = `read one of: ${[...this.outputs.keys()].join(", ")}`;
    throw new SpadeError("usage", `${this.name}.read`, `has no output "${name}"`, fix);
  }

  /** Adds the copy of an output to the submit that computes it (`last` of a run): the next read() of it needs no submit. */
  queueRead(encoder: GPUCommandEncoder, name: string): void {
    const output = this.output(name);
    // Such a read gets a buffer, and makes its copy, itself.
    if (output.busy) return;
    const { buffer, offset } = output.storage;
    encoder.copyBufferToBuffer(buffer, offset, this.stagingOf(output), 0, output.tensor.bytes);
    output.queued = true;
  }

  private stagingOf(output: Output): GPUBuffer {
    output.staging ??= staging(this.device, this.name, output.tensor.bytes, this.owned);
    return output.staging.buffer;
  }

  /** Reads an output as a dense array in its logical shape. Waits for the runs that were called before. */
  async read(name: string): Promise<Float32Array<ArrayBuffer>>;
  async read(name: string, as: "i32"): Promise<Int32Array<ArrayBuffer>>;
  async read(name: string, as?: "i32"): Promise<Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>> {
    this.check();
    const output = this.output(name);
    const { tensor } = output;
    const bytes = await this.fetch(output);
    if (as === "i32" || tensor.dtype === "i32" || tensor.dtype === "u32")
      return new Int32Array(bytes, 0, product(tensor.shape));
    return decodeHost(tensor, bytes) as Float32Array<ArrayBuffer>;
  }

  /** Queues the copy at the call; a read that overlaps another gets a temporary staging buffer. */
  private async fetch(output: Output): Promise<ArrayBuffer> {
    if (output.busy) return this.device.download({ ...output.storage, label: this.name });
    const { queued } = output;
    output.busy = true;
    output.queued = false;
    try {
      return await this.device.fetch(this.name, output.storage, this.stagingOf(output), queued);
    } finally {
      output.busy = false;
    }
  }

  /** Frees arenas, staging and sizes. The tensors that it keeps for other programs stay; it can't run again. */
  retire(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const s of this.owned) if (!this.kept.includes(s)) this.device.free(s);
  }

  /** Frees the program's buffers: arenas, staging, sizes, and the tensors that it keeps. */
  dispose(): void {
    this.retire();
    for (const s of this.kept) this.device.free(s);
    this.kept.forEach(forgetBuffer);
    this.kept = [];
  }
}
