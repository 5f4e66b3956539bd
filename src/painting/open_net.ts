// The only way from weights to a painter: weights -> config -> device -> storage type -> weights on the device -> painter. Used by
// createSpade, the commands, validation and the benches.

import type { Checkpoint } from "../formats/checkpoint.ts";
import type { LabelMap } from "../labels/label_map.ts";
import { LiveLevels } from "../labels/levels.ts";
import type { LevelWindows } from "../labels/windows.ts";
import { labelCount, type Config } from "../models/config.ts";
import { checkNet, netOf, withSize } from "../models/kinds.ts";
import { explainGuess, type FoundConfig } from "../models/weights/stored_config.ts";
import { ParameterStore, type StateSource } from "../models/weights/parameters.ts";
import { checkpointSource } from "../models/weights/source.ts";
import { parseLabels, type Label } from "../pictures/label_names.ts";
import { polite, SpadeError, type Device, type DType } from "../runtime/index.ts";
import type { Painter, PainterOptions } from "./painter.ts";
import { createPainter } from "./painters.ts";
import { liveWindowsOf } from "./windows.ts";

/** Storage of weights and activations; "auto": f16 where a hardware adapter has it, else f32. */
export type StorageWish = "auto" | "f16" | "f32";

/** A net before it is opened: its config, and the source of its weights. */
export interface NetWeights extends Pick<FoundConfig, "config" | "note">, Partial<Pick<FoundConfig, "guessed">> {
  readonly source: StateSource;
  /** The source's values on the device, where they are there already, in f32; the net owns them from now on. */
  readonly parameters?: ParameterStore;
  /** Label names and colours stored with the weights. */
  readonly labels?: readonly Label[];
}

/**
 * A net with a known config in a checkpoint.
 * @param weights the checkpoint's name in messages
 * @param size of the pictures, if it differs from the net's own
 * @throws SpadeError usage, file, shape: options or a size that do not fit together, label names that are damaged
 */
export function netIn(
  checkpoint: Checkpoint,
  found: FoundConfig,
  { weights, size }: { weights: string; size?: readonly [number, number] },
): NetWeights & FoundConfig {
  const config = withSize(found.config, size);
  const guessed = found.guessed.filter((key) => !size || (key !== "crop_size" && key !== "aspect_ratio"));
  checkNet(config);
  const text = checkpoint.metadata.labels;
  const labels = text === undefined ? undefined : parseLabels(text, `${weights}, metadata labels`, labelCount(config));
  return { ...found, config, guessed, source: checkpointSource(checkpoint), labels };
}

/** The type in which weights and activations are stored. @throws SpadeError unsupported: f16 on an adapter without it */
export function storageType(device: Device, wish: StorageWish = "auto"): "f16" | "f32" {
  const half = device.gpu.features.has("shader-f16");
  if (wish === "f16" && !half)
    throw new SpadeError("unsupported", "dtype f16", `${device.name} has no shader-f16`, 'use dtype "auto" or "f32"');
  return wish === "f16" || (wish === "auto" && half && !device.software) ? "f16" : "f32";
}

/** Loads the weights of the config's generator onto the device. @throws SpadeError shape: see ParameterStore.loadNet */
export function loadGenerator(
  device: Device,
  c: Config,
  source: StateSource,
  dtype: DType,
  onProgress?: (done: number, total: number) => void,
): Promise<ParameterStore> {
  return ParameterStore.loadNet(device, netOf(c, source.shapes), source, dtype, onProgress);
}

export interface OpenOptions extends Pick<PainterOptions, "images" | "noiseSeed" | "edits" | "onProgress"> {
  /** A device, which stays open when the net is disposed, or a function that opens one, which is disposed with the net. */
  device: Device | (() => Promise<Device>);
  dtype?: StorageWish;
  /** Also compile what a typical map needs. */
  warm?: boolean;
  signal?: AbortSignal;
  /** Called with the number of tensors loaded onto the device, and their total. */
  onWeights?: (done: number, total: number) => void;
}

/** A net on a device, ready to paint. */
export class OpenNet {
  private dictionary: LiveLevels | undefined = new LiveLevels();

  /** @internal */
  constructor(
    readonly device: Device,
    readonly config: Config,
    readonly guessed: FoundConfig["guessed"],
    readonly note: FoundConfig["note"],
    readonly labels: readonly Label[] | undefined,
    readonly dtype: "f16" | "f32",
    readonly painter: Painter,
    private readonly ownsDevice: boolean,
  ) {}

  /** The dictionary of one map of the net's size, valid until the next call. Windows that also occurred in earlier maps keep their ids. */
  windows(map: LabelMap, instance: LabelMap | undefined): LevelWindows[] {
    try {
      return liveWindowsOf(this.config, this.dictionary!, [map], instance ? [instance] : null);
    } catch (error) {
      throw explainGuess(error, this);
    }
  }

  /** Sets the map; its new table rows are computed with the next picture. */
  setMap(map: LabelMap, instance: LabelMap | undefined): Promise<{ newWindows: number }> {
    return this.painter.setMap(this.windows(map, instance));
  }

  dispose(): void {
    this.painter.dispose();
    if (this.ownsDevice) this.device.dispose();
    this.dictionary = undefined;
  }
}

/**
 * Opens a net: programs are compiled while the weights arrive. If anything fails, frees what it had opened; an abort throws
 * signal.reason.
 */
export async function openNet(
  { config, guessed = [], note, source, parameters: given, labels }: NetWeights,
  o: OpenOptions,
): Promise<OpenNet> {
  const { signal } = o;
  const ownsDevice = typeof o.device === "function";
  const device = typeof o.device === "function" ? await o.device() : o.device;
  let parameters = given;
  let painter: Painter | undefined;
  try {
    const breathe = polite();
    const dtype = given ? "f32" : storageType(device, o.dtype);
    parameters ??= ParameterStore.empty(device, netOf(config, source.shapes), source.shapes, dtype);
    const onProgress = (done: number, total: number): void => {
      signal?.throwIfAborted();
      o.onWeights?.(done, total);
    };
    await breathe();
    const weights = given ? undefined : { source, onProgress };
    painter = await createPainter(device, config, parameters, { ...o, weights });
    // Both, also if one fails: what the other one still makes is freed below.
    const results = await Promise.allSettled([painter.prepared, o.warm && painter.warm(signal)]);
    for (const result of results) if (result.status === "rejected") throw result.reason;
    return new OpenNet(device, config, guessed, note, labels, dtype, painter, ownsDevice);
  } catch (error) {
    if (painter) painter.dispose();
    else parameters?.dispose();
    if (ownsDevice) device.dispose();
    throw error;
  }
}
