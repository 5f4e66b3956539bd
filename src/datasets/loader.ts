// Batches of a data set, decoded ahead of the consumer in a thread or two. What a batch holds depends on seed, epoch and its number
// alone: not on the threads, nor on where a run was resumed.

import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { LabelMap } from "../labels/label_map.ts";
import { SpadeError } from "../runtime/errors.ts";
import type { Dataset } from "./dataset.ts";
import type { DecodeReply, DecodeRequest, DecodeSetup } from "./decode_worker.ts";
import { drawOf } from "./geometry.ts";
import type { Pair } from "./listing.ts";
import { NORMALISED, type Sample } from "./sample.ts";

export interface LoadedBatch {
  epoch: number;
  /** Number of the batch in its epoch, from 0. */
  index: number;
  labels: LabelMap[];
  /** None where the data set has none: the label maps say where instances meet. */
  instances?: LabelMap[];
  /** [N,H,W,3] in [-1,1]. */
  image: Float32Array;
  /** Of the photos. */
  paths: string[];
}

export interface LoaderOptions {
  batchSize: number;
  /** Decoding threads; 0 decodes in this one. Left out: nThreads of the data set's options, or as many as are useful. */
  workers?: number;
  /** Batches that are made ready before they are asked for. */
  ahead?: number;
  /** Hears of each sample that --on_bad_sample skip leaves out, once. Left out: a line on stderr. */
  onSkip?: (error: SpadeError) => void;
  /** The decoding thread's bundle; left out, decode_worker.js beside this bundle. */
  workerFile?: URL;
}

export class Loader {
  /** Milliseconds that consumers waited for batches, all in all. */
  waited = 0;
  private readonly threads: DecodeThread[] = [];
  private readonly orders = new Map<number, Uint32Array>();
  /** Batches under way or ready, by "epoch:index". */
  private ready = new Map<string, Promise<LoadedBatch>>();
  private readonly bad = new Map<number, SpadeError>();

  private constructor(
    private readonly dataset: Dataset,
    private readonly options: Required<Omit<LoaderOptions, "workers" | "workerFile">>,
    workerFile: URL | undefined,
    workers: number,
  ) {
    const setup: DecodeSetup = { options: dataset.options, colors: dataset.colors };
    for (let i = 0; workerFile && i < workers; i++) this.threads.push(new DecodeThread(workerFile, setup));
  }

  /**
   * Starts the decoding threads. Without their bundle (tests of the sources) this thread decodes, to the same batches.
   * Fails with `usage` where the data set is smaller than one trained batch.
   */
  static async open(dataset: Dataset, options: LoaderOptions): Promise<Loader> {
    const { isTrain, nThreads } = dataset.options;
    if (isTrain && dataset.length < options.batchSize) {
      throw new SpadeError(
        "usage",
        `--batchSize ${options.batchSize}`,
        `is more than the data set has (${dataset.length}), and incomplete batches are not trained on`,
        `give --batchSize ${dataset.length} or less, or more pictures`,
      );
    }
    const full = { ahead: 2, onSkip: (e: SpadeError) => console.warn(`skipped: ${e.message}`), ...options };
    const workers = options.workers ?? (nThreads || Math.max(1, Math.min(2, availableParallelism() - 1)));
    return new Loader(dataset, full, options.workerFile ?? workerBundle(), workers);
  }

  /** Decoding threads that run; 0 where this one decodes. */
  get workers(): number {
    return this.threads.length;
  }

  /** Batches an epoch: the last incomplete one is left out in training. */
  get length(): number {
    const batches = this.dataset.length / this.options.batchSize;
    return this.dataset.options.isTrain ? Math.floor(batches) : Math.ceil(batches);
  }

  /**
   * The batches of an epoch, from number `fromBatch` on. In training the next epoch's first are begun before this one ends.
   * Fails as Dataset.sample() does, or, under --on_bad_sample skip, only where no sample can be read.
   */
  async *batches(epoch: number, fromBatch = 0): AsyncGenerator<LoadedBatch, void, void> {
    for (let index = fromBatch; index < this.length; index++) {
      const batch = this.prepare(epoch, index);
      const started = performance.now();
      const loaded = await batch;
      this.waited += performance.now() - started;
      yield loaded;
    }
  }

  /** Ends the threads; what is under way is dropped. */
  async close(): Promise<void> {
    this.ready.clear();
    await Promise.all(this.threads.map((thread) => thread.close()));
  }

  /** The batch asked for; it and those behind it are begun, all others forgotten. */
  private prepare(epoch: number, index: number): Promise<LoadedBatch> {
    const wanted = new Map<string, Promise<LoadedBatch>>();
    let [e, i] = [epoch, index];
    for (let n = 0; n <= this.options.ahead; n++, i++) {
      if (i >= this.length) {
        if (!this.dataset.options.isTrain) break;
        [e, i] = [e + 1, 0];
      }
      const key = `${e}:${i}`;
      let batch = wanted.get(key) ?? this.ready.get(key);
      if (!batch) {
        batch = this.load(e, i);
        // It fails when it is asked for.
        batch.catch(() => undefined);
      }
      wanted.set(key, batch);
    }
    this.ready = wanted;
    return wanted.get(`${epoch}:${index}`)!;
  }

  private orderOf(epoch: number): Uint32Array {
    let order = this.orders.get(epoch);
    if (!order) {
      order = this.dataset.order(epoch);
      this.orders.set(epoch, order);
      for (const old of this.orders.keys()) if (Math.abs(old - epoch) > 1) this.orders.delete(old);
    }
    return order;
  }

  private async load(epoch: number, index: number): Promise<LoadedBatch> {
    const { batchSize } = this.options;
    const order = this.orderOf(epoch);
    const from = index * batchSize;
    const positions = Array.from({ length: Math.min(batchSize, order.length - from) }, (_, n) => from + n);
    const samples = await Promise.all(positions.map((position) => this.sampleAt(order, position, epoch)));
    return { epoch, index, ...assemble(samples) };
  }

  /** The sample at a place of the epoch's order; where skipped ones are left out, the next good one behind it. */
  private async sampleAt(order: Uint32Array, position: number, epoch: number): Promise<Sample> {
    for (let n = 0; n < order.length; n++) {
      const index = order[(position + n) % order.length];
      if (this.bad.has(index)) continue;
      try {
        return await this.read(index, epoch);
      } catch (error) {
        if (this.dataset.options.on_bad_sample === "stop" || !isAbout(this.dataset.paths(index), error)) throw error;
        if (!this.bad.has(index)) this.options.onSkip(error);
        this.bad.set(index, error);
      }
    }
    throw this.bad.get(order[position])!;
  }

  private read(index: number, epoch: number): Promise<Sample> {
    if (!this.threads.length) return this.dataset.sample(index, epoch);
    const thread = this.threads.reduce((a, b) => (b.pending < a.pending ? b : a));
    return thread.decode({ pair: this.dataset.paths(index), draw: drawOf(this.dataset.options.seed, epoch, index) });
  }
}

/** The decoding thread's bundle in dist/, seen from a bundle there or in a folder of it. */
function workerBundle(): URL | undefined {
  return ["./decode_worker.js", "../decode_worker.js"]
    .map((path) => new URL(path, import.meta.url))
    .find((url) => existsSync(url));
}

/** Whether an error is one of a sample's files: a missing package or a dead thread is no reason to go on. */
function isAbout(pair: Pair, error: unknown): error is SpadeError {
  const files = [pair.label, pair.image, pair.instance].filter((path) => path !== undefined);
  return (
    error instanceof SpadeError && !(error instanceof ThreadError) && files.some((path) => error.where.startsWith(path))
  );
}

/** A thread that ended by itself. */
class ThreadError extends SpadeError {}

class DecodeThread {
  private readonly worker: Worker;
  private readonly waiting = new Map<
    number,
    { path: string; resolve: (s: Sample) => void; reject: (e: SpadeError) => void }
  >();
  private next = 0;
  private ended: ((path: string) => ThreadError) | undefined;

  constructor(file: URL, setup: DecodeSetup) {
    this.worker = new Worker(file, { workerData: setup });
    this.worker.on("message", (reply: DecodeReply) => {
      const request = this.waiting.get(reply.id);
      this.waiting.delete(reply.id);
      if (!this.waiting.size) this.worker.unref();
      if ("sample" in reply) request?.resolve(reply.sample);
      else request?.reject(new SpadeError(reply.error.code, reply.error.where, reply.error.problem, reply.error.fix));
    });
    this.worker.on("error", (error) => this.end(error.message.split("\n")[0], error));
    this.worker.on("exit", (code) => this.end(`exit code ${code}`));
    // It keeps the process only while something is asked of it.
    this.worker.unref();
  }

  get pending(): number {
    return this.waiting.size;
  }

  decode(request: Omit<DecodeRequest, "id">): Promise<Sample> {
    const path = request.pair.image;
    if (this.ended) return Promise.reject(this.ended(path));
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { path, resolve, reject });
      this.worker.ref();
      this.worker.postMessage({ id, ...request } satisfies DecodeRequest);
    });
  }

  async close(): Promise<void> {
    this.end("closed");
    await this.worker.terminate();
  }

  private end(reason: string, cause?: unknown): void {
    this.ended ??= (path) =>
      new ThreadError(
        "file",
        path,
        `its decoding thread ended (${reason})`,
        "look at the file and at the memory that is free; --nThreads sets the number of threads",
        cause,
      );
    for (const { path, reject } of this.waiting.values()) reject(this.ended(path));
    this.waiting.clear();
  }
}

function assemble(samples: readonly Sample[]): Pick<LoadedBatch, "labels" | "instances" | "image" | "paths"> {
  const [{ label, image, path }] = samples;
  for (const other of samples) {
    if (other.label.width === label.width && other.label.height === label.height) continue;
    throw new SpadeError(
      "shape",
      other.path,
      `becomes ${other.label.width} x ${other.label.height}, where ${path} in its batch is ${label.width} x ${label.height}`,
      "use a --preprocess_mode that makes one size (resize_and_crop, fixed), or --batchSize 1",
    );
  }
  const pictures = new Float32Array(samples.length * image.length);
  samples.forEach((sample, n) => {
    const to = n * image.length;
    for (let i = 0; i < image.length; i++) pictures[to + i] = NORMALISED[sample.image[i]];
  });
  const instances = samples.map((sample) => sample.instance).filter((map) => map !== undefined);
  return {
    labels: samples.map((sample) => sample.label),
    ...(instances.length ? { instances } : {}),
    image: pictures,
    paths: samples.map((sample) => sample.path),
  };
}
