// The trainer that createTrainer returns: one job at a time on the device, steps from samples, previews, and what is saved.

import type { LabelMap } from "../labels/label_map.ts";
import { labelSpace } from "../models/config.ts";
import { kindOf, outputSize } from "../models/kinds.ts";
import { codesFor, regionCodes, RegionMeans, type RegionStyles } from "../models/sean/region_styles.ts";
import type { ParameterStore } from "../models/weights/parameters.ts";
import { TensorReads } from "../models/weights/tensor_reads.ts";
import { openNet } from "../painting/open_net.ts";
import { toPicture } from "../painting/present/picture.ts";
import type { Label } from "../pictures/label_names.ts";
import { SpadeError, type Device } from "../runtime/index.ts";
import type { Style } from "../session/api.ts";
import { checkMap, isObject, styleValues } from "../session/checks.ts";
import { writeSafetensors } from "../formats/safetensors.ts";
import { brokenStep, prepareStep, takeStep } from "../training/one_step.ts";
import type { TrainOptions } from "../training/options.ts";
import type { RunParts } from "../training/run.ts";
import { netMetadata, tensorsToWrite, type StateTensor } from "../training/saved_net.ts";
import { takeSnapshot } from "../training/state.ts";
import { writeChecked } from "../training/state_check.ts";
import type { Prepared } from "../training/step/stepper.ts";
import type { Sample, StepResult, Trainer } from "./api.ts";
import { blobSink } from "./blob.ts";
import { optionsText } from "./options.ts";
import { Batches, isIterable } from "./samples.ts";

const usage = (where: string, problem: string, fix: string): SpadeError => new SpadeError("usage", where, problem, fix);

/** A batch that is read and prepared, the end of the samples, or an error, which is thrown when the batch is due. */
type Coming = { prepared: Prepared; of: string } | { error: unknown } | undefined;

export class TrainerSession implements Trainer {
  private readonly ending = new AbortController();
  private queue: Promise<unknown> = Promise.resolve();
  /** A loop over steps() is running. */
  private stepping = false;

  constructor(
    /** Of this trainer alone; a borrowed GPUDevice outlives it. */
    private readonly device: Device,
    private readonly o: TrainOptions,
    private readonly parts: RunParts,
    private readonly labels: readonly Label[] | undefined,
  ) {}

  get step(): number {
    return this.parts.position.step;
  }

  steps(samples: Iterable<Sample> | AsyncIterable<Sample>, count = Infinity): AsyncIterableIterator<StepResult> {
    this.check("steps");
    if (!isIterable(samples)) throw usage("steps", "its samples can't be iterated", "give an array or a generator");
    if (!(count === Infinity || (Number.isSafeInteger(count) && count >= 0)))
      throw usage("steps", `its count is ${String(count)}`, "give a whole number from 0 on, or leave it out");
    return this.loop(samples, count);
  }

  private async *loop(samples: Iterable<Sample> | AsyncIterable<Sample>, count: number): AsyncGenerator<StepResult> {
    this.check("steps");
    if (this.stepping) throw usage("steps", "is running already", "end that loop first: break, or await its end");
    this.stepping = true;
    const batches = new Batches(samples, this.o, this.o.batchSize);
    try {
      let coming: Promise<Coming> | undefined;
      for (let taken = 0; taken < count; taken++) {
        const now = await this.unlessDisposed(coming ?? this.gather(batches, this.step));
        if (!now) return;
        if ("error" in now) throw now.error;
        const started = performance.now();
        const running = this.exclusively("steps", () => this.take(now.prepared, now.of));
        coming = taken + 1 < count ? this.gather(batches, this.step + 1) : undefined;
        await running;
        yield { step: this.step, losses: { ...this.parts.losses }, ms: performance.now() - started };
      }
    } finally {
      this.stepping = false;
      await batches.close();
    }
  }

  /** Reads the batch of a step, from 0. */
  private async gather(batches: Batches, step: number): Promise<Coming> {
    try {
      const batch = await batches.next();
      if (!batch || this.ending.signal.aborted) return undefined;
      const { first } = batch;
      const of = this.o.batchSize === 1 ? `samples[${first}]` : `samples ${first} to ${first + this.o.batchSize - 1}`;
      return { prepared: prepareStep(this.o, this.parts, batch, step), of };
    } catch (error) {
      return { error };
    }
  }

  private async take(prepared: Prepared, of: string): Promise<void> {
    const { o, parts } = this;
    const { broken, losses } = await takeStep(o, parts, prepared);
    if (!broken) return;
    const fix = "go on from the last checkpoint with a lower lr: createTrainer({ from: checkpoint, options: { lr } })";
    throw await brokenStep(parts, prepared, losses, of, fix);
  }

  /** What a painter takes for a style, for a map. */
  private previewStyle(style: Style | undefined, map: LabelMap): Float32Array | undefined {
    const { o } = this;
    const regions = kindOf(o).regions?.(o);
    if (!regions) return styleValues(style, kindOf(o).styleLength(o), "preview");
    const { styles } = this.parts;
    const means = styles instanceof RegionMeans ? styles.means() : {};
    const codes = regionCodes(style as RegionStyles | undefined, means, regions, "preview({ style })");
    return codesFor(codes, regions, labelSpace(o), map);
  }

  async preview(map: LabelMap, options: { style?: Style } = {}): Promise<ImageData> {
    this.check("preview");
    if (!isObject(options))
      throw usage("preview", `its options are ${String(options)}`, "give an object, or leave them out");
    const { device, o } = this;
    const { w: width, h: height } = outputSize(o);
    checkMap("label map", map, { width, height });
    const copy = { data: map.data.slice(), width, height };
    const z = this.previewStyle(options.style, copy);
    return this.exclusively("preview", async () => {
      // A painter computes copies of the weights and frees what they replace: it gets weights of its own.
      const G = this.generator;
      const parameters = await device.guard("preview", () => G.clone());
      const source = {
        shapes: new Map(G.keys().map((key) => [key, G.shape(key)])),
        read: (key: string) => G.read(key),
      };
      const net = await openNet({ config: o, source, parameters }, { device });
      try {
        await net.setMap(copy, undefined);
        return toPicture(await net.painter.paint(z), width, height) as ImageData;
      } finally {
        net.dispose();
      }
    });
  }

  /** What is shown and saved. */
  private get generator(): ParameterStore {
    return this.parts.average ?? this.parts.nets.G;
  }

  save(): Promise<Blob> {
    return this.exclusively("save", async () => {
      const { o, parts, labels } = this;
      const tensors = new Map<string, StateTensor>();
      const reads = new TensorReads();
      // The two have no key in common.
      for (const net of [this.generator, parts.nets.E])
        for (const key of net?.keys() ?? []) tensors.set(key, await reads.begin(net!.shape(key), () => net!.read(key)));
      await reads.done();
      const sink = blobSink();
      await writeSafetensors(sink, tensorsToWrite(tensors), netMetadata(o, labels, parts.styles, parts.position));
      return sink.blob();
    });
  }

  checkpoint(): Promise<Blob> {
    return this.exclusively("checkpoint", async () => {
      const { tensors, metadata } = await takeSnapshot(this.parts.stepper, this.parts);
      const labels = this.labels && { labels: JSON.stringify(this.labels) };
      const sink = blobSink();
      await writeChecked(sink, tensorsToWrite(tensors), { ...metadata, options: optionsText(this.o), ...labels });
      return sink.blob();
    });
  }

  /** Runs jobs on the device one after another. A disposal ends the wait at once, a loss of the device says how to go on. */
  private exclusively<T>(where: string, job: () => Promise<T>): Promise<T> {
    const run = async (): Promise<T> => {
      this.check(where);
      try {
        return await job();
      } catch (error) {
        throw this.explained(where, error);
      }
    };
    const result = this.queue.then(run);
    this.queue = result.catch(() => undefined);
    return this.unlessDisposed(result);
  }

  private unlessDisposed<T>(result: Promise<T>): Promise<T> {
    const { signal } = this.ending;
    return new Promise<T>((resolve, reject) => {
      const stop = (): void => reject(signal.reason as Error);
      if (signal.aborted) stop();
      signal.addEventListener("abort", stop, { once: true });
      void result.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
    });
  }

  private check(where: string): void {
    if (this.ending.signal.aborted)
      throw new SpadeError("disposed", where, "this trainer was disposed", "create a new one");
    try {
      this.device.check(where);
    } catch (error) {
      throw this.explained(where, error);
    }
  }

  private explained(where: string, error: unknown): unknown {
    if (!(error instanceof SpadeError) || error.code !== "device-lost") return error;
    const fix = "create a trainer from the last checkpoint: createTrainer({ from: checkpoint })";
    return new SpadeError("device-lost", where, error.problem, fix, error);
  }

  dispose(): void {
    if (this.ending.signal.aborted) return;
    this.ending.abort(new SpadeError("disposed", "trainer", "was disposed while it worked", "create a new one"));
    // A step that is on the device ends first: its programs can't be freed under it.
    void this.queue.then(() => this.device.dispose());
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
