// A weights file made ready to paint, with what the commands need beyond createSpade: raw pictures, profiles.

import { openCheckpointFile } from "../../formats/file.ts";
import { parseLabels, type Label } from "../../pictures/label_names.ts";
import { LevelsScratch } from "../../labels/levels.ts";
import type { LabelMap } from "../../labels/label_map.ts";
import type { LevelWindows } from "../../labels/windows.ts";
import { openNodeDevice } from "../../node/dawn.ts";
import { labelCount, type Config } from "../../models/config.ts";
import { guessConfig } from "../../models/weights/guess.ts";
import { createPainter, loadGenerator } from "../../painting/painter.ts";
import { checkNet } from "../../models/nets/pix2pixhd.ts";
import type { Painter } from "../../painting/runner.ts";
import { windowsOf as batchWindows } from "../../painting/windows.ts";
import { checkpointSource } from "../../models/weights/source.ts";
import type { Checkpoint } from "../../formats/checkpoint.ts";
import type { Device } from "../../runtime/index.ts";
import { storageType } from "../../session/spade.ts";
import type { Progress } from "../terminal/progress.ts";

export interface NetOptions {
  key?: string;
  dtype?: "auto" | "f16" | "f32";
  overrides?: Partial<Config>;
}

/** The config of a checkpoint with the user's options over it; sizes and norm are checked. */
export function configOf(checkpoint: Checkpoint, overrides: Partial<Config> = {}): Config {
  const shapes = new Map(checkpoint.names().map((n) => [n, checkpoint.info(n).shape]));
  const config = { ...guessConfig(shapes, checkpoint.metadata), ...overrides };
  checkNet(config);
  return config;
}

/** The labels stored with the weights. */
export function labelsOf(checkpoint: Checkpoint, weights: string, config: Config): Label[] | undefined {
  const text = checkpoint.metadata.labels;
  return text === undefined ? undefined : parseLabels(text, `${weights}, metadata labels`, labelCount(config));
}

/** Opens a device and says once if it is a software one. */
export async function openDeviceFor(progress: Progress): Promise<Device> {
  return openNodeDevice({ onSoftware: (message, fix) => progress.say(`note: ${message}; ${fix}`) });
}

/** The dictionary of one map of the net's size. */
export function windowsOf(
  config: Config,
  map: LabelMap,
  instance: LabelMap | undefined,
  scratch?: LevelsScratch,
): LevelWindows[] {
  return batchWindows(config, [map], instance ? [instance] : null, scratch);
}

export class Net {
  private readonly scratch = new LevelsScratch();

  private constructor(
    readonly device: Device,
    readonly config: Config,
    readonly labels: readonly Label[] | undefined,
    readonly dtype: "f16" | "f32",
    readonly runner: Painter,
  ) {}

  /** `first` runs when the config is known, before a device is opened and weights are read: what is wrong with the input shows at once. */
  static async open(
    weights: string,
    options: NetOptions,
    progress: Progress,
    first: (config: Config, labels: readonly Label[] | undefined) => Promise<void>,
  ): Promise<Net> {
    const checkpoint = await openCheckpointFile(weights, { key: options.key });
    try {
      const config = configOf(checkpoint, options.overrides);
      const labels = labelsOf(checkpoint, weights, config);
      await first(config, labels);
      const device = await openDeviceFor(progress);
      const dtype = storageType(device, options.dtype);
      const parameters = await loadGenerator(device, config, checkpointSource(checkpoint), dtype, (done, total) =>
        progress.update("loading weights", done, total),
      );
      const runner = await createPainter(device, config, parameters, {
        onProgress: (done, total) => progress.update("compiling", done, total),
      });
      progress.end();
      return new Net(device, config, labels, dtype, runner);
    } finally {
      await checkpoint.close();
    }
  }

  /** Takes a map; the tables are made with the next picture. */
  async setMap(map: LabelMap, instance: LabelMap | undefined): Promise<void> {
    await this.runner.setMap(windowsOf(this.config, map, instance, this.scratch));
  }

  dispose(): void {
    this.runner.dispose();
    this.device.dispose();
  }
}
