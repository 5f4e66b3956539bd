// Paints the same label maps in evaluation mode after every epoch, for a grid in the gallery and for the Frechet distance to their
// photographs (SqueezeNet fire9; not comparable to an Inception FID). The run's state does not change.

import { kindOf, netOf, outputSize } from "../models/kinds.ts";
import { openNet } from "../painting/open_net.ts";
import type { Dataset } from "../datasets/dataset.ts";
import { FeatureExtractor } from "../evaluation/features.ts";
import { frechetDistance, gaussian, type Gaussian } from "../evaluation/frechet.ts";
import type { LabelMap } from "../labels/label_map.ts";
import type { LevelWindows } from "../labels/windows.ts";
import { normalized } from "../painting/encoder_runner.ts";
import { windowsOf } from "../painting/windows.ts";
import { type Config } from "../models/config.ts";
import type { ParameterStore } from "../models/weights/parameters.ts";
import { keyedSeed, normalValues } from "../models/philox.ts";
import { SpadeError, type Device } from "../runtime/index.ts";
import type { Validation as Validated } from "./records/records.ts";

/** Pictures in the grid, and the most pairs that the distance uses. */
const GRID = 10;
const MOST = 500;

interface Pair {
  label: LabelMap;
  instance?: LabelMap;
  /** Bytes, [H,W,3]. */
  photo: Uint8Array;
}

export class Validation {
  private constructor(
    private readonly device: Device,
    private readonly config: Config & { seed: number },
    private readonly pairs: readonly Pair[],
    private readonly features: FeatureExtractor,
    private readonly photos: Gaussian | undefined,
  ) {}

  /** Reads the pairs and computes the features of their photographs. @param dataset samples of the net's size */
  static async open(device: Device, config: Config & { seed: number }, dataset: Dataset): Promise<Validation> {
    const count = Math.min(MOST, dataset.length);
    const { h, w } = outputSize(config);
    const pairs: Pair[] = [];
    for (let i = 0; i < count; i++) {
      const { label, instance, image, path } = await dataset.sample(Math.floor((i * dataset.length) / count), 0);
      if (label.width !== w || label.height !== h)
        throw new SpadeError(
          "shape",
          path,
          `is ${label.width}x${label.height} after --preprocess_mode, and the net paints ${w}x${h}`,
          "give validation pictures of the training pictures' shape",
        );
      pairs.push({ label, instance, photo: image });
    }
    const features = await FeatureExtractor.create(device);
    const photos = await features.features(pairs.map(({ photo }) => ({ data: photo, width: w, height: h })));
    return new Validation(device, config, pairs, features, photos.length > 1 ? gaussian(photos) : undefined);
  }

  /** Paints every map, each in a style that is the same after every epoch; reads `G` and does not change it. */
  async run(G: ParameterStore): Promise<Validated> {
    const { device, config, pairs } = this;
    const { h, w } = outputSize(config);
    const source = { shapes: netOf(config).shapes, read: (key: string) => G.read(key) };
    const net = await openNet({ config, source }, { device, dtype: "f32" });
    try {
      const shown = gridOf(pairs.length);
      const pictures: Float32Array[] = [];
      const painted: Float32Array[] = [];
      for (const [i, { label, instance, photo }] of pairs.entries()) {
        await net.setMap(label, instance);
        const length = kindOf(config).styleLength(config);
        // A net with regions paints each photo's map in the photo's own styles.
        const windows = (): LevelWindows[] => windowsOf(config, [label], instance ? [instance] : null);
        const z = length
          ? normalValues(keyedSeed(config.seed, `validation ${i}`), length)
          : await net.painter.encode?.(normalized(photo), windows());
        const data = await net.painter.paint(z);
        painted.push(...(await this.features.features([{ data, width: w, height: h }])));
        if (shown.includes(i)) pictures.push(data);
      }
      return {
        frechet: this.photos && frechetDistance(this.photos, gaussian(painted)),
        grid: {
          labels: shown.map((i) => pairs[i].label),
          fake: joined(pictures),
          real: joined(shown.map((i) => Float32Array.from(pairs[i].photo, (v) => v / 127.5 - 1))),
          h,
          w,
        },
      };
    } finally {
      net.dispose();
    }
  }

  dispose(): void {
    this.features.dispose();
  }
}

/** Evenly spaced indices of at most GRID of `count` pictures. */
function gridOf(count: number): number[] {
  const n = Math.min(GRID, count);
  return Array.from({ length: n }, (_, i) => Math.floor((i * count) / n));
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}
