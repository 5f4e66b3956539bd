// A data set: pairs of label maps and photos (and instance maps). Opening lists and checks them; samples are read one
// by one.

import type { Label } from "../pictures/label_names.ts";
import { SpadeError } from "../runtime/errors.ts";
import { crops, drawOf, fixedSize, shuffled, type Size } from "./geometry.ts";
import { readPng } from "./label_file.ts";
import { listMaps, listPairs, type Pair } from "./listing.ts";
import { listedLabels } from "./names.ts";
import type { DataOptions } from "./options.ts";
import { checkedMap, readMaps, readSample } from "./read_sample.ts";
import { Readings, type Ways } from "./readings.ts";
import type { Sample } from "./sample.ts";

export class Dataset {
  /** How the label maps that were scanned are read; the others must be alike. */
  ways: Ways = {};

  private constructor(
    readonly options: DataOptions,
    private readonly pairs: readonly Pair[],
    /** Labels for the colours in label PNGs (--labels). If undefined, coloured label PNGs are an error. */
    readonly colors: readonly Label[] | undefined,
  ) {}

  /**
   * Lists, pairs and checks the files. Fails with `file` if files are missing or unpaired, and with `usage` on options
   * that do not fit the net.
   * @param how `photos: false` if only maps() will be used, so photos need not exist. `colors`: labels to use without
   * --labels
   */
  static async open(options: DataOptions, how: { photos?: boolean; colors?: readonly Label[] } = {}): Promise<Dataset> {
    if (options.isTrain && crops(options) && options.aspect_ratio !== 1) {
      throw new SpadeError(
        "usage",
        `--preprocess_mode ${options.preprocess_mode}`,
        `crops squares, and --aspect_ratio ${options.aspect_ratio} makes the net paint others`,
        "use --preprocess_mode fixed, or --aspect_ratio 1",
      );
    }
    if (crops(options) && options.preprocess_mode === "resize_and_crop" && options.load_size < options.crop_size) {
      throw new SpadeError(
        "usage",
        `--load_size ${options.load_size}`,
        `is less than --crop_size ${options.crop_size}: every picture would have an empty border`,
        "give a load_size of at least crop_size",
      );
    }
    const list = how.photos === false ? listMaps : listPairs;
    return new Dataset(options, await list(options), listedLabels(options) ?? how.colors);
  }

  get length(): number {
    return this.pairs.length;
  }

  /** Size of every sample, or undefined if it depends on the file (scale_width, scale_shortside, none). */
  get size(): Size | undefined {
    return fixedSize(this.options);
  }

  paths(index: number): Pair {
    return this.pairs[index];
  }

  /**
   * The order of samples in an epoch (any whole number): list order with serial_batches, else shuffled by seed and
   * epoch.
   */
  order(epoch: number): Uint32Array {
    const { serial_batches, seed } = this.options;
    return serial_batches ? Uint32Array.from({ length: this.length }, (_, i) => i) : shuffled(this.length, seed, epoch);
  }

  /**
   * Reads a sample with the crop and flip drawn for this epoch. Fails with `file`, `label` or `shape`; the error names
   * the file.
   */
  sample(index: number, epoch: number): Promise<Sample> {
    return readSample(this.pairs[index], this.options, drawOf(this.options.seed, epoch, index), this.colors, this.ways);
  }

  /** Reads the label and instance map of a sample, like sample() but without the photo. */
  async maps(index: number, epoch: number): Promise<Pick<Sample, "label" | "instance">> {
    return readMaps(this.pairs[index], this.options, drawOf(this.options.seed, epoch, index), this.colors, this.ways);
  }

  /**
   * Reads the label maps of the first `n` samples as a check before a long run. Fails like sample(), and with `label`
   * if some maps are read by colour and some by number; with --on_bad_sample skip, calls `onSkip` for bad files
   * instead. `onNote` gets what may be a mistake (default: a line to stderr).
   */
  async scan(
    n = 64,
    onSkip?: (error: SpadeError) => void,
    onNote: (line: string) => void = (line) => console.warn(`note: ${line}`),
  ): Promise<void> {
    const readings = new Readings();
    for (const { label } of this.pairs.slice(0, n)) {
      try {
        const png = await readPng(label);
        readings.add(label, png, checkedMap(png, label, this.options, this.colors).by);
      } catch (error) {
        if (this.options.on_bad_sample === "stop" || !(error instanceof SpadeError)) throw error;
        onSkip?.(error);
      }
    }
    const mixed = readings.mixed();
    if (mixed) throw mixed;
    this.ways = readings.ways();
    readings.notes().forEach(onNote);
  }
}
