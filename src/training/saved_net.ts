// What a saved net holds for use after training: its tensors under the published keys, and config, labels, style presets and the run's position
// in the metadata.

import { parseJson } from "../formats/budget.ts";
import type { TensorToWrite } from "../formats/safetensors.ts";
import { fromF32 } from "../formats/tensors.ts";
import { defaultConfig, storedForm, type Config } from "../models/config.ts";
import type { Label } from "../pictures/label_names.ts";
import type { TrainOptions } from "./options.ts";
import { OLD_SQUEEZENET_SCALE } from "./step/losses.ts";
import type { Position } from "./position.ts";
import type { TrainedStyles } from "./styles.ts";

/** Options that a generator's keys show; SEAN's noise is no option. */
export const SHOWN_BY_KEYS = { add_noise: /\.norm_\w\.noise_var$/, add_dist: /\.dist_conv_w\.weight$/ } as const;

/** What a saved net says of its run. */
export interface SavedTraining {
  readonly position: Position;
  readonly squeezenet_scale: number;
}

/** A run's position and scale when it saved a net, read from the net's metadata; undefined if they hold none. */
export function savedTraining(metadata: Readonly<Record<string, string>>): SavedTraining | undefined {
  try {
    const training = parseJson(metadata.training, "training") as Record<string, number>;
    const { epoch, batch, steps, pictures, squeezenet_scale = OLD_SQUEEZENET_SCALE } = training;
    const numbers = [epoch, batch, steps, pictures];
    const legal =
      numbers.every((n) => Number.isSafeInteger(n) && n >= 0) && epoch > 0 && Number.isFinite(squeezenet_scale);
    return legal ? { position: { epoch, batch, step: steps, pictures }, squeezenet_scale } : undefined;
  } catch {
    return undefined;
  }
}

/** The metadata of a net's file: config, labels, style presets and the run's position. */
export function netMetadata(
  o: TrainOptions,
  labels: readonly Label[] | undefined,
  styles: TrainedStyles | undefined,
  position: Position,
): Record<string, string> {
  const config = Object.fromEntries((Object.keys(defaultConfig) as (keyof Config)[]).map((key) => [key, o[key]]));
  return {
    config: JSON.stringify(storedForm(config)),
    ...(labels ? { labels: JSON.stringify(labels) } : {}),
    ...styles?.metadata(),
    training: JSON.stringify({
      epoch: position.epoch,
      batch: position.batch,
      steps: position.step,
      pictures: position.pictures,
      squeezenet_scale: o.squeezenet_scale,
    }),
  };
}

/** A tensor on the host, dense, in the published layout. */
export interface StateTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type StateTensors = ReadonlyMap<string, StateTensor>;

/** In the map's order, f32. */
export function tensorsToWrite(tensors: StateTensors): TensorToWrite[] {
  return [...tensors].map(([name, { shape, data }]) => ({
    name,
    dtype: "F32",
    shape: [...shape],
    data: () => fromF32(data, "F32"),
  }));
}
