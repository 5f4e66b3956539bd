// Batches of the samples that somebody gives one by one.

import { checkedLabels, typedArrayName, type LabelMap } from "../labels/label_map.ts";
import { labelSpace, type Config } from "../models/config.ts";
import { outputSize } from "../models/kinds.ts";
import { NORMALISED } from "../pictures/rgb_byte.ts";
import { SpadeError } from "../runtime/errors.ts";
import { checkMap, isObject } from "../session/checks.ts";
import type { Batch } from "../training/step/stepper.ts";
import type { Sample } from "./api.ts";

type Samples = Iterable<Sample> | AsyncIterable<Sample>;

export const isIterable = (value: unknown): value is Samples =>
  isObject(value) &&
  [Symbol.iterator, Symbol.asyncIterator].some((name) => typeof Reflect.get(value, name) === "function");

/** A batch, and the number of its first sample. */
export interface Gathered extends Batch {
  readonly first: number;
}

export class Batches {
  private readonly iterator: Iterator<Sample> | AsyncIterator<Sample>;
  private read = 0;
  private reading = false;
  private ended = false;

  constructor(
    samples: Samples,
    private readonly config: Config,
    private readonly size: number,
  ) {
    this.iterator = Symbol.asyncIterator in samples ? samples[Symbol.asyncIterator]() : samples[Symbol.iterator]();
  }

  /** The next whole batch; undefined when the samples have ended. @throws SpadeError usage, shape, label; what the samples throw */
  async next(): Promise<Gathered | undefined> {
    const { w, h } = outputSize(this.config);
    const pixels = 3 * w * h;
    const image = new Float32Array(this.size * pixels);
    const [labels, instances]: LabelMap[][] = [[], []];
    const first = this.read;
    while (labels.length < this.size) {
      const sample = await this.sample();
      if (!sample) return undefined;
      const { label, instance } = checked(sample, this.config, `samples[${this.read - 1}]`);
      normalise(sample.image.data, image.subarray(labels.length * pixels, (labels.length + 1) * pixels));
      labels.push(label);
      instances.push(instance);
    }
    return { labels, instances, image, first };
  }

  private async sample(): Promise<Sample | undefined> {
    if (this.ended) return undefined;
    this.reading = true;
    const { value, done } = await this.iterator.next();
    this.reading = false;
    this.ended = done === true;
    if (done) return undefined;
    this.read++;
    return value;
  }

  /** Closes the iterator; one that is waiting for its next sample closes when that comes. */
  async close(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    const closing = (async () => void (await this.iterator.return?.()))();
    if (!this.reading) return closing;
    closing.catch(() => undefined);
  }
}

/** A sample's maps, copied. */
function checked(sample: Sample, config: Config, where: string): { label: LabelMap; instance: LabelMap } {
  const { w: width, h: height } = outputSize(config);
  if (!isObject(sample)) throw new SpadeError("usage", where, `is ${String(sample)}`, "give { label, image }");
  const { label, instance, image } = sample;
  named(`${where}.label`, () => {
    checkMap("label map", label, { width, height });
    checkedLabels([label], labelSpace(config));
  });
  if (instance !== undefined) named(`${where}.instance`, () => checkMap("instance map", instance, { width, height }));
  if (!isObject(image) || !/^Uint8(Clamped)?Array$/.test(typedArrayName(image.data) ?? ""))
    throw new SpadeError("usage", `${where}.image`, "is no ImageData of bytes", "give one of getImageData");
  if (image.width !== width || image.height !== height || image.data.length !== 4 * width * height)
    throw new SpadeError(
      "shape",
      `${where}.image`,
      `is ${image.width} x ${image.height} with ${image.data.length} bytes where the net paints ${width} x ${height}`,
      "draw it to a canvas of the net's size first, and resize its map with resizeLabelMap",
    );
  const copy = (map: LabelMap): LabelMap => ({ data: map.data.slice(), width, height });
  const own = copy(label);
  // Without instances, edges are where labels change.
  return { label: own, instance: instance ? copy(instance) : own };
}

/** Puts the sample's name before what an error says of its map. */
function named(where: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof SpadeError)) throw error;
    throw new SpadeError(error.code, where, error.problem, error.fix, error);
  }
}

/** RGBA bytes to RGB values in [-1,1]. */
function normalise(rgba: Uint8ClampedArray | Uint8Array, into: Float32Array): void {
  for (let from = 0, to = 0; to < into.length; from += 4)
    for (let c = 0; c < 3; c++) into[to++] = NORMALISED[rgba[from + c]];
}
