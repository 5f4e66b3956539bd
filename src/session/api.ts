// The public types: what a page needs and what Node needs is the same interface. Times in ms, sizes in pixels, ids as in training.

import type { LabelMap } from "../labels/label_map.ts";

export type { LabelMap };
/** What `generate` gives in Node, where ImageData is missing: its shape. */
export type { Picture } from "../painting/present.ts";

export type Source = string | URL | Request | Blob | ArrayBuffer | Uint8Array;

export interface SpadeOptions {
  /** .safetensors; in Node also .pth */
  weights: Source;
  /** base64, as in <script integrity>. A mismatch is the error `integrity`. */
  integrity?: `sha256-${string}`;
  /** "auto": f16 where a hardware adapter has it, else f32. */
  dtype?: "auto" | "f16" | "f32";
  /** Only nets without VAE; multiples of the net's stride. */
  size?: [width: number, height: number];
  /** Borrowed: never destroyed, never replaced by us. */
  device?: GPUDevice;
  powerPreference?: GPUPowerPreference;
  /** Aborts loading; throws signal.reason. */
  signal?: AbortSignal;
  onProgress?: (p: Progress) => void;
}

export interface Progress {
  phase: "download" | "compile" | "upload" | "ready";
  /** Bytes, tensors, or programs with a share of the one at hand. */
  loaded: number;
  total: number | undefined;
  /** 0..1 over everything, never falls. */
  progress: number;
}

/** The adapter as the browser or Dawn tells it. */
export interface AdapterInfo {
  vendor: string;
  architecture: string;
  software: boolean;
}

export interface LabelInfo {
  id: number;
  name: string;
  /** #rrggbb */
  color: string;
  category?: string;
}

export interface SpadeInfo {
  /** Of the label map and the picture. */
  width: number;
  height: number;
  /** Legal sizes are multiples of it. */
  stride: number;
  labels: LabelInfo[];
  /** The label that 255 stands for, or null. */
  dontCare: number | null;
  /** Takes an instance map. */
  edges: boolean;
  /** Presets are of the photographs that the net was trained on: their mean, then typical ones. */
  style: null | { dim: number; presets: { name: string; style: Float32Array }[] };
  dtype: "f16" | "f32";
  adapter: AdapterInfo;
  bytes: { gpu: number; download: number };
}

/** A seed of a normal z (a whole number from 0 on), or z itself. Left out: zeros, the mean. */
export type Style = number | Float32Array;

export interface GenerateOptions {
  style?: Style;
  /** Where it is left out and the net takes edges, the label map itself says where instances meet. */
  instance?: LabelMap;
  signal?: AbortSignal;
}

export interface Stats {
  /** ms: dictionary, tables, network, output, all. */
  labels: number;
  tables: number;
  network: number;
  present: number;
  total: number;
  /** Distinct outer windows over all levels, and those made for this picture. */
  windows: number;
  newWindows: number;
  /** GPU bytes held. */
  memory: number;
}

/** Events: "lost" { reason, willRestore: false }, "notice" { code, message, fix }. */
export interface Spade extends EventTarget {
  readonly info: SpadeInfo;
  /** Of the last finished picture. */
  readonly stats: Stats | null;
  /** Paints a map of exactly the net's size, as it is at the call. Calls queue in order; `map` is not changed. */
  generate(map: LabelMap, options?: GenerateOptions): Promise<ImageData>;
  /** Idempotent; what runs is aborted. Afterwards every call throws `disposed`. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** Linear: the encoder's means are not on a sphere. */
export function mixStyles(a: Float32Array, b: Float32Array, t: number): Float32Array {
  return a.map((v, i) => v + (b[i] - v) * t);
}
