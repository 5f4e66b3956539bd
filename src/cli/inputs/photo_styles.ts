// The styles of a test: of each photo through the encoder, as published, or of --style. Which of them decides whether photos are read.

import type { Dataset } from "../../datasets/dataset.ts";
import { hasPhotos } from "../../datasets/listing.ts";
import type { DataOptions } from "../../datasets/options.ts";
import type { Sample } from "../../datasets/sample.ts";
import type { Config } from "../../models/config.ts";
import type { EncoderRunner } from "../../painting/encoder_runner.ts";
import { keyedSeed, normalValues } from "../../models/philox.ts";
import { SpadeError, type Device } from "../../runtime/index.ts";
import { findEncoder, needEncoder, normalized, openEncoder, prepareStyle } from "./encoder.ts";
import { drawStyle, readStyle } from "./style.ts";
import type { TestOptions } from "../options/test_options.ts";

type Maps = Pick<Sample, "label"> & Partial<Pick<Sample, "image">>;

export interface Styles {
  /** Whether z() wants the sample's photo. */
  readonly photos: boolean;
  /** z of the `nth` picture of a map; undefined for nets without VAE. */
  z(index: number, nth: number, sample: Maps): Promise<Float32Array | undefined>;
  dispose(): void;
}

/** What is known before a device is there: the data, opened with photos or without, and what will give the styles. */
export interface StyleSource {
  readonly dataset: Dataset;
  start(device: Device): Promise<Styles>;
}

/**
 * @param open the data set of `data`, with photos or without
 * @throws SpadeError usage, unsupported: a style that this net or --n_samples does not go with; file: of the data
 */
export async function styleSource(
  o: TestOptions,
  weights: string,
  config: Config,
  data: DataOptions,
  open: (photos: boolean) => Promise<Dataset>,
  say: (line: string) => void,
): Promise<StyleSource> {
  const byPhoto = (dataset: Dataset, file: string): StyleSource => ({
    dataset,
    start: async (device) => new PhotoStyles(device, config, file, dataset.options.seed),
  });
  if (config.use_vae && o.style === "encoded") {
    const file = await needEncoder(weights, o.encoder, "--style encoded");
    return byPhoto(await open(true), file);
  }
  const file = config.use_vae && o.style === undefined ? await findEncoder(weights, o.encoder) : undefined;
  if (file !== undefined) {
    try {
      return byPhoto(await open(true), file);
    } catch (error) {
      // Photos that don't fit their maps are a mistake, not a wish for the mean style.
      if (!(error instanceof SpadeError) || (await hasPhotos(data))) throw error;
      say(`note: there are no photos to take styles from (${error.where}: ${error.problem})`);
    }
  }
  const wish = await readStyle(o.style ?? (config.use_vae && o.n_samples > 1 ? "random" : undefined), config);
  if (o.n_samples > 1 && wish.kind !== "random" && wish.kind !== "seed") {
    const why = wish.kind === "none" ? "this net was trained without VAE and has one picture a map" : "is one style";
    throw new SpadeError(
      "usage",
      `--n_samples ${o.n_samples}${o.style === undefined ? "" : ` --style ${o.style}`}`,
      why,
      "leave --n_samples out, or give a net with VAE --style random, seed:N or encoded",
    );
  }
  const prepared = await prepareStyle(wish, weights, o.encoder);
  return {
    dataset: await open(false),
    async start(device) {
      const style = await prepared(device, config);
      return {
        photos: false,
        z: async (_index, nth) => drawStyle(style, config.z_dim, nth)?.z,
        dispose: () => undefined,
      };
    },
  };
}

/** mu + exp(logvar / 2) eps of what the encoder says of the photo; eps is drawn by the seed, the map's number and the picture's. */
class PhotoStyles implements Styles {
  readonly photos = true;
  /** For pictures of the last size. */
  private encoder: { runner: EncoderRunner; size: string } | undefined;

  constructor(
    private readonly device: Device,
    private readonly config: Config,
    private readonly file: string,
    private readonly seed: number,
  ) {}

  async z(index: number, nth: number, { label, image }: Maps): Promise<Float32Array> {
    const size = `${label.width}x${label.height}`;
    if (this.encoder?.size !== size) {
      this.dispose();
      this.encoder = { runner: await openEncoder(this.file, this.device, this.config, label), size };
    }
    const { mu, logvar } = await this.encoder.runner.encode(normalized(image!));
    const eps = normalValues(keyedSeed(this.seed, `test ${index} ${nth}`), mu.length);
    return mu.map((m, i) => m + Math.exp(logvar[i] / 2) * eps[i]);
  }

  dispose(): void {
    this.encoder?.runner.dispose();
    this.encoder = undefined;
  }
}
