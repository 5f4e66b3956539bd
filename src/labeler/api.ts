// The public types of spade-webgpu/labeler, the same for pages and Node. Sizes in pixels.

import type { LabelInfo, LabelMap, Picture, SpadeOptions } from "../session/api.ts";

export interface LabelerOptions extends Pick<
  SpadeOptions,
  "weights" | "integrity" | "device" | "powerPreference" | "cache" | "fetch" | "signal" | "onProgress"
> {
  /** A net that labels photos: ade20k_segmenter.safetensors of the npm package spade-webgpu-weights, 2.4 MB. */
  weights: SpadeOptions["weights"];
}

/** What a photo's label map is to be like: `spade.info` of a loaded net, or part of it. */
export interface LabelOptions {
  /**
   * The labels of the map. A class of the net becomes the label of its name, or else of a name that means the same: "tv" for "television".
   * `mapping` says it for others.
   */
  labels: readonly Pick<LabelInfo, "id" | "name">[];
  /** Of the map, 1 to 8192; it shows the whole photo, whatever the photo's shape. */
  width: number;
  height: number;
  /** The label of unknown pixels: their class has no label, or is below `minConfidence`. Null or left out: 255, as maps have it in files. */
  dontCare?: number | null;
  /** The label of some classes, by name or id; null: none. The others go by their names. Classes: `labeler.classes`. */
  mapping?: { readonly [name: string]: string | number | null };
  /** How sure of a pixel's class the net must be, from 0 (the default) to 1; others are unknown. */
  minConfidence?: number;
  /** Ends this call, queued or running, with `signal.reason`; others go on. */
  signal?: AbortSignal;
}

/**
 * A loaded net that labels photos. Its events are those of a Spade: `notice` ("software-adapter", "memory-only"), `lost` and `restored`. After a loss
 * of the GPU it is opened again in the same way.
 */
export interface Labeler extends EventTarget {
  /** The names of what the net tells apart. */
  readonly classes: readonly string[];
  /**
   * The label map of a photo, which is read at the call, and the probability of each pixel's class, from 0 to 1. `data` is a Uint8Array, or a
   * Uint16Array if a label is above 255. Calls queue in order. In Node: { data: RGBA, width, height }.
   * @throws SpadeError usage: the photo or the options; device-lost, webgpu-blocked, out-of-memory; disposed
   */
  label(photo: ImageBitmapSource | Picture, to: LabelOptions): Promise<LabelMap & { confidence: Float32Array }>;
  /** Goes on with another device of the page after the loss of the borrowed one. @throws SpadeError usage: the device is not borrowed */
  restore(device: GPUDevice): Promise<void>;
  /** Frees the GPU memory and ends running calls; they and every later call throw `disposed`. May be called twice. */
  dispose(): void;
  /** dispose(), for `using`. */
  [Symbol.dispose](): void;
}
