// Loads batches of a data set, decoded ahead of the consumer in worker threads. A batch depends only on the seed, the epoch
// and its number, not on the threads or on where a run was resumed.

import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { LabelMap } from "../labels/label_map.ts";
import { SpadeError } from "../runtime/errors.ts";
import type { Dataset } from "./dataset.ts";
import type { DecodeReply, DecodeRequest, DecodeSetup } from "./decode_worker.ts";
import { drawOf } from "./geometry.ts";
import type { Pair } from "./listing.ts";
import { NORMALISED } from "../pictures/rgb_byte.ts";
import type { Sample } from "./sample.ts";

export interface LoadedBatch {
  epoch: number;
  /** Index of the batch in its epoch, from 0. */
  index: number;
  labels: LabelMap[];
  /** Undefined if the data set has no instance maps; then instance edges come from the label maps. */
  instances?: LabelMap[];
  /** [N,H,W,2], of data for a net with add_dist. */
  positions?: Float32Array;
  /** [N,H,W,3] in [-1,1]. */
  image: Float32Array;
  /** Paths of the photos. */
  paths: string[];
}

export interface LoaderOptions {
  batchSize: number;
  /** Load this part of every batch: the `rank`-th of `ranks` equal ones. Default: the whole. */
  share?: { readonly rank: number; readonly ranks: number };
  /**
   * Number of decoding threads; 0 decodes in this thread. Default: the data set's nThreads, or if that is 0, one or
   * two.
   */
  workers?: number;
  /** Number of batches to load in advance. Default: 2. */
  ahead?: number;
  /** Called once for each sample that --on_bad_sample skip drops. Default: print a line to stderr. */
  onSkip?: (error: SpadeError) => void;
  /** The decoding thread's bundle. Default: decode_worker.js beside this bundle or in the folder above. */
  workerFile?: URL;
}

export class Loader {
  /** Total time that consumers waited for batches, in ms. */
  waited = 0;
  private readonly threads: DecodeThread[] = [];
  private readonly orders = new Map<number, Uint32Array>();
  /** Batches that are loading or ready, by "epoch:index". */
  private ready = new Map<string, Promise<LoadedBatch>>();
  private readonly bad = new Map<number, SpadeError>();

  private constructor(
    private readonly dataset: Dataset,
    private readonly options: Required<Omit<LoaderOptions, "workers" | "workerFile">>,
    workerFile: URL | undefined,
    workers: number,
  ) {
    const setup: DecodeSetup = { options: dataset.options, colors: dataset.colors, ways: dataset.ways };
    for (let i = 0; workerFile && i < workers; i++) this.threads.push(new DecodeThread(workerFile, setup));
  }

  /**
   * Starts the decoding threads. Without their bundle (in tests of the sources) this thread decodes and gives the same
   * batches. Fails with `usage` if the data set is smaller than one training batch.
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
    const full = {
      ahead: 2,
      share: { rank: 0, ranks: 1 },
      onSkip: (e: SpadeError) => console.warn(`skipped: ${e.message}`),
      ...options,
    };
    const workers = options.workers ?? (nThreads || Math.max(1, Math.min(2, availableParallelism() - 1)));
    return new Loader(dataset, full, options.workerFile ?? workerBundle(), workers);
  }

  /** Number of decoding threads; 0 if this thread decodes. */
  get workers(): number {
    return this.threads.length;
  }

  /** Batches per epoch. In training the last incomplete batch is dropped. */
  get length(): number {
    const batches = this.dataset.length / this.options.batchSize;
    return this.dataset.options.isTrain ? Math.floor(batches) : Math.ceil(batches);
  }

  /**
   * Yields the batches of an epoch from index `fromBatch` on. In training, starts to load the next epoch before this
   * one ends. Fails like Dataset.sample(). With --on_bad_sample skip, errors about a sample's files fail only if no
   * sample can be read.
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

  /** Ends the threads and drops unfinished batches. */
  async close(): Promise<void> {
    this.ready.clear();
    await Promise.all(this.threads.map((thread) => thread.close()));
  }

  /** Returns the requested batch. Starts it and the next `ahead` batches if needed, and drops all others. */
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
        // Avoid an unhandled rejection now; the consumer gets the error when it awaits the batch.
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
    const { batchSize, share } = this.options;
    const order = this.orderOf(epoch);
    const own = batchSize / share.ranks;
    const from = index * batchSize + share.rank * own;
    const positions = Array.from({ length: Math.min(own, order.length - from) }, (_, n) => from + n);
    const samples = await Promise.all(positions.map((position) => this.sampleAt(order, position, epoch)));
    return { epoch, index, ...assemble(samples) };
  }

  /** Reads the sample at a position in the epoch's order. If it is bad and skipped, reads the next good one instead. */
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

/** Finds the decoding thread's bundle in dist/, from a bundle in dist/ or one of its folders. */
function workerBundle(): URL | undefined {
  return ["./decode_worker.js", "../decode_worker.js"]
    .map((path) => new URL(path, import.meta.url))
    .find((url) => existsSync(url));
}

/**
 * Whether an error is about a sample's files. Other errors, such as a missing package or a dead thread, must stop the
 * run.
 */
function isAbout(pair: Pair, error: unknown): error is SpadeError {
  if (!(error instanceof SpadeError) || error instanceof ThreadError) return false;
  // The name as an error shows it.
  const shown = (path: string): string => new SpadeError("file", path, "", "").where;
  const files = [pair.label, pair.image, pair.instance].filter((path) => path !== undefined);
  return files.some((path) => error.where.startsWith(shown(path)));
}

/** A decoding thread has ended. */
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
    // The thread keeps the process alive only while a request is open.
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

function assemble(samples: readonly Sample[]): Omit<LoadedBatch, "epoch" | "index"> {
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
  const positions = samples.flatMap((sample) => sample.positions ?? []);
  return {
    labels: samples.map((sample) => sample.label),
    ...(instances.length ? { instances } : {}),
    ...(positions.length ? { positions: joined(positions) } : {}),
    image: pictures,
    paths: samples.map((sample) => sample.path),
  };
}

/** Arrays of one length, one after another. */
function joined(arrays: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(arrays.length * arrays[0].length);
  arrays.forEach((values, n) => out.set(values, n * values.length));
  return out;
}
