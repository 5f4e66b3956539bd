// Nets as people use them: <epoch>_net_{G,D,E}.safetensors under the published keys, with what a painter needs in the metadata; and, on
// request, .pth files that the published code loads.

import { join } from "node:path";
import { fileSink, makeFolder } from "../formats/file.ts";
import type { Label } from "../pictures/label_names.ts";
import { writePth } from "../formats/torch/pth_write.ts";
import { writeSafetensors, type TensorToWrite } from "../formats/safetensors.ts";
import { fromF32 } from "../formats/tensors.ts";
import { defaultConfig, type Config } from "../models/config.ts";
import { encodePresets } from "../models/presets.ts";
import type { TrainOptions } from "./options.ts";
import type { Position } from "./position.ts";
import type { Styles } from "./styles.ts";

const PRESETS = 8;

/** Where a run stood when it saved a net, out of the net's metadata; undefined where it does not say. */
export function savedPosition(metadata: Readonly<Record<string, string>>): Position | undefined {
  try {
    const { epoch, batch, steps, pictures } = JSON.parse(metadata.training) as Record<string, number>;
    const numbers = [epoch, batch, steps, pictures];
    return numbers.every(Number.isInteger) ? { epoch, batch, step: steps, pictures } : undefined;
  } catch {
    return undefined;
  }
}

/** What is known of a net beside its tensors, as metadata of its file. */
export function netMetadata(
  o: TrainOptions,
  labels: readonly Label[] | undefined,
  styles: Styles | undefined,
  position: Position,
): Record<string, string> {
  const config = Object.fromEntries((Object.keys(defaultConfig) as (keyof Config)[]).map((key) => [key, o[key]]));
  return {
    config: JSON.stringify(config),
    ...(labels ? { labels: JSON.stringify(labels) } : {}),
    ...(styles?.count ? { styles: encodePresets(styles.mean(), styles.presets(PRESETS, o.seed)) } : {}),
    training: JSON.stringify({
      epoch: position.epoch,
      batch: position.batch,
      steps: position.step,
      pictures: position.pictures,
    }),
  };
}

/** A tensor on the host, dense, as published. */
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

/** The counter that torch's batch norms carry behind running_var; the published code leaves it at 0. */
function withCounters(tensors: TensorToWrite[]): TensorToWrite[] {
  return tensors.flatMap((t) =>
    t.name.endsWith(".running_var")
      ? [
          t,
          {
            name: t.name.replace(/running_var$/, "num_batches_tracked"),
            dtype: "I64",
            shape: [],
            data: () => new Uint8Array(8),
          },
        ]
      : [t],
  );
}

/** Writes <which>_net_<role>.safetensors, and .pth beside it. */
export async function writeNet(
  folder: string,
  which: string,
  role: string,
  net: StateTensors,
  metadata: Record<string, string>,
  pth: boolean,
): Promise<void> {
  await makeFolder(folder);
  const path = join(folder, `${which}_net_${role}`);
  const tensors = tensorsToWrite(net);
  await writeSafetensors(await fileSink(`${path}.safetensors`, { sync: true }), tensors, metadata);
  if (pth) await writePth(await fileSink(`${path}.pth`, { sync: true }), withCounters(tensors), metadata);
}
