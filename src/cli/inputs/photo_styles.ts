// The styles of a test: each photo's, from the encoder, like the published code; or that of --style. Only the former reads photos.

import type { Dataset } from "../../datasets/dataset.ts";
import { hasPhotos } from "../../datasets/listing.ts";
import type { DataOptions } from "../../datasets/options.ts";
import type { Sample } from "../../datasets/sample.ts";
import type { Config } from "../../models/config.ts";
import { normalized, type EncoderRunner } from "../../painting/encoder_runner.ts";
import { keyedSeed, normalValues } from "../../models/philox.ts";
import { SpadeError, type Device } from "../../runtime/index.ts";
import type { NetInFile } from "./net.ts";
import { kindOf } from "../../models/kinds.ts";
import type { Regions, RegionStyles } from "../../models/sean/region_styles.ts";
import type { OpenNet } from "../../painting/open_net.ts";
import { gather, type Peers } from "../../training/peers/peers.ts";
import { codesOfMap, encodePhoto, readRegionStyles } from "./region_styles.ts";
import { findEncoder, needEncoder, openEncoder, prepareStyle } from "./encoder.ts";
import { drawStyle, readStyle } from "./style.ts";
import type { TestOptions } from "../options/test_options.ts";

type Maps = Pick<Sample, "label"> & Partial<Pick<Sample, "image" | "instance">>;

export interface Styles {
  /** Whether z() needs the sample's photo. */
  readonly photos: boolean;
  /** z of the `nth` picture of a map, nth from 0; undefined for nets without VAE. */
  z(index: number, nth: number, sample: Maps): Promise<Float32Array | undefined>;
  /** Of nets with regions, with each photo's own styles: the codes of the last picture, and the mean ones of all, of all ranks. */
  readonly codes?: RegionStyles;
  mean?(peers?: Peers): RegionStyles;
  dispose(): void;
}

/** What is decided before a device is opened: the data set, opened with or without photos, and where styles come from. */
export interface StyleSource {
  readonly dataset: Dataset;
  /** The styles have `codes` and `mean`, to be written. */
  readonly writesCodes?: boolean;
  start(net: OpenNet): Promise<Styles>;
}

/**
 * @param open opens the data set of `data`, with photos or without
 * @throws SpadeError usage, unsupported: a style that does not fit this net or --n_samples; file: on the data
 */
export async function styleSource(
  o: TestOptions,
  weights: string,
  net: NetInFile,
  data: DataOptions,
  open: (photos: boolean) => Promise<Dataset>,
  say: (line: string) => void,
): Promise<StyleSource> {
  const { config, presets } = net;
  const regions = kindOf(config).regions?.(config);
  if (regions) {
    if (o.n_samples > 1)
      throw new SpadeError(
        "usage",
        `--n_samples ${o.n_samples}`,
        "this net has one picture a map and style",
        "leave it out",
      );
    if (o.style === undefined || o.style === "encoded")
      return {
        dataset: await open(true),
        writesCodes: true,
        start: async (opened) => new RegionPhotos(opened, regions),
      };
    const start = (await readRegionStyles({ style: o.style }, net))!;
    return {
      dataset: await open(false),
      async start(opened) {
        const styles = await start(opened);
        return {
          photos: false,
          z: async (_index, _nth, { label, instance }) => styles.codes(label, instance),
          dispose: () => undefined,
        };
      },
    };
  }
  const byPhoto = (dataset: Dataset, file: string): StyleSource => ({
    dataset,
    start: async ({ device }) => new PhotoStyles(device, config, file, dataset.options.seed),
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
      // Photos that exist but do not fit their maps are an error; only missing photos mean the mean style.
      if (!(error instanceof SpadeError) || (await hasPhotos(data))) throw error;
      say(`note: there are no photos to take styles from (${error.where}: ${error.problem})`);
    }
  }
  const wish = await readStyle(o.style ?? (config.use_vae && o.n_samples > 1 ? "random" : undefined), config, presets);
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
    async start({ device }) {
      const style = await prepared(device, config);
      return {
        photos: false,
        z: async (_index, nth) => drawStyle(style, config.z_dim, nth)?.z,
        dispose: () => undefined,
      };
    },
  };
}

/** Of a label's codes: how many there were, and their sum. */
type CodeSum = [label: number, count: number, sum: number[]];

/** The codes of each photo's regions, by its own map; every picture is a reconstruction, as in the published test. */
class RegionPhotos implements Styles {
  readonly photos = true;
  codes: RegionStyles = {};
  private readonly sums = new Map<number, { sum: Float64Array; count: number }>();

  constructor(
    private readonly net: OpenNet,
    private readonly regions: Regions,
  ) {}

  async z(_index: number, _nth: number, { label, instance, image }: Maps): Promise<Float32Array> {
    this.codes = await encodePhoto(this.net, image!, label, instance);
    for (const [name, code] of Object.entries(this.codes)) {
      const known = this.sums.get(Number(name)) ?? { sum: new Float64Array(this.regions.length), count: 0 };
      for (let i = 0; i < code.length; i++) known.sum[i] += code[i];
      known.count++;
      this.sums.set(Number(name), known);
    }
    return codesOfMap(this.net, this.codes, {}, label, instance);
  }

  mean(peers?: Peers): RegionStyles {
    const own: CodeSum[] = [...this.sums].map(([label, { sum, count }]) => [label, count, [...sum]]);
    const all = peers ? gather(peers, own).flat() : own;
    const labels = new Set(all.map(([label]) => label));
    const mean = (label: number): Float32Array => {
      const parts = all.filter((part) => part[0] === label);
      const count = parts.reduce((n, part) => n + part[1], 0);
      const place = (i: number): number => parts.reduce((total, [, , sum]) => total + sum[i], 0);
      return Float32Array.from({ length: this.regions.length }, (_, i) => place(i) / count);
    };
    return Object.fromEntries([...labels].map((label) => [label, mean(label)]));
  }

  dispose(): void {
    this.sums.clear();
  }
}

/** z = mu + exp(logvar / 2) eps, with the encoder's mu and logvar of the photo; eps depends on seed, map number and picture number. */
class PhotoStyles implements Styles {
  readonly photos = true;
  /** Encoder for the size of the last picture. */
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
