// The public types, the same for pages and Node. Times in ms, sizes in pixels, label ids as in training.

import type { LabelMap } from "../labels/label_map.ts";
import { SpadeError } from "../runtime/errors.ts";

export type { LabelMap };

// So that users need neither TypeScript's newest libraries nor @webgpu/types; where these are, the declarations merge.
declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type
  interface GPUDevice {}
}

/** The result of `generate` in Node, which lacks ImageData: an object of its shape. */
export type { Picture } from "../painting/present.ts";

/** An address (in Node also a path), or the bytes themselves. A Response or stream is read once and not cached. */
export type Source = string | URL | Request | Response | Blob | ArrayBuffer | Uint8Array | ReadableStream<Uint8Array>;

/** A cache of the page's own: what is used of the Cache interface. Keys are addresses of ours, which are never fetched. */
export interface WebCache {
  match(key: string): Promise<Response | undefined>;
  put(key: string, response: Response): Promise<void>;
  delete(key: string): Promise<boolean>;
}

export interface SpadeOptions {
  /** .safetensors; in Node also .pth */
  weights: Source;
  /** base64, like <script integrity>. A mismatch throws the error `integrity`. */
  integrity?: `sha256-${string}`;
  /** "auto": f16 on a hardware adapter that supports it, else f32. */
  dtype?: "auto" | "f16" | "f32";
  /** Multiples of the net's stride; nets with VAE accept only the size they were trained for. */
  size?: [width: number, height: number];
  /** A borrowed device: we never destroy or replace it. */
  device?: GPUDevice;
  powerPreference?: "low-power" | "high-performance";
  /** Keep downloaded weights for the next visit: in the browser's Cache storage (true, the default), in a cache of yours, or not. */
  cache?: boolean | WebCache;
  /** Replaces the page's fetch for everything that is downloaded. */
  fetch?: typeof fetch;
  /** Aborts loading; throws signal.reason. */
  signal?: AbortSignal;
  onProgress?: (p: Progress) => void;
}

export interface Progress {
  /** Download, upload and compile overlap; "ready" comes once, last. */
  phase: "download" | "compile" | "upload" | "ready";
  /** Bytes, tensors, or programs; the current program counts as a fraction. */
  loaded: number;
  total: number | undefined;
  /** 0..1 over all phases, never decreases. */
  progress: number;
  /** Nothing had to be downloaded. */
  cached: boolean;
}

/** The adapter as reported by the browser or Dawn. */
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
  /** Width of the label map and the picture. */
  width: number;
  height: number;
  /** Legal sizes are multiples of this. */
  stride: number;
  labels: LabelInfo[];
  /** The label that 255 stands for, or null. */
  dontCare: number | null;
  /** Whether the net takes an instance map. */
  edges: boolean;
  /**
   * Options of the net that the weights do not store and that were guessed from their shapes ("label_nc", "no_instance" ...); empty for
   * files that this package wrote. If a guess is wrong, convert the file with the options that it was trained with.
   */
  guessed: string[];
  /** Presets are styles of the net's training photographs: their mean, then typical ones. */
  style: null | { dim: number; presets: { name: string; style: Float32Array }[] };
  dtype: "f16" | "f32";
  adapter: AdapterInfo;
  bytes: { gpu: number; download: number };
}

/** What a weights file says of its net, without loading it. */
export interface WeightsInfo extends Omit<SpadeInfo, "dtype" | "adapter" | "bytes"> {
  /** The net's options, by their published names. */
  config: Readonly<Record<string, string | number | boolean>>;
  /** How the file stores most weights. */
  dtype: "f16" | "f32";
  /** Of the file. */
  bytes: number;
  /** The licence or another notice that is stored with the weights. */
  notice: string | null;
}

/** A seed for a normal z (a whole number from 0 on), or z itself. Omitted: zeros, the mean. */
export type Style = number | Float32Array;

export interface GenerateOptions {
  style?: Style;
  /** If omitted and the net takes edges, we compute the edges from the label map. */
  instance?: LabelMap;
  signal?: AbortSignal;
}

export interface Stats {
  /** ms: dictionary, tables, network, conversion to bytes, total. */
  labels: number;
  tables: number;
  network: number;
  present: number;
  total: number;
  /** Distinct outer windows over all levels, and how many table rows were computed for this picture. */
  windows: number;
  newWindows: number;
  /** GPU bytes held. */
  memory: number;
}

/** Events: "lost" { reason, willRestore: false }, "notice" { code: "software-adapter" | "guessed-config", message, fix }. */
export interface Spade extends EventTarget {
  readonly info: SpadeInfo;
  /** Stats of the last finished picture. */
  readonly stats: Stats | null;
  /** Paints a map of exactly the net's size; copies it at the call. Calls queue in order; `map` is not changed. */
  generate(map: LabelMap, options?: GenerateOptions): Promise<ImageData>;
  /** Aborts running calls; idempotent. Every later call throws `disposed`. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** Interpolates linearly: the encoder's means are not on a sphere. @throws SpadeError shape: of two lengths */
export function mixStyles(a: Float32Array, b: Float32Array, t: number): Float32Array {
  if (a.length !== b.length)
    throw new SpadeError("shape", "mixStyles", `${a.length} and ${b.length} numbers`, "give two styles of one net");
  return a.map((v, i) => v + (b[i] - v) * t);
}
