// The public types, the same for pages and Node. Times in ms, sizes in pixels, label ids as in training.

import type { LabelMap } from "../labels/label_map.ts";
import type { RegionStyles } from "../models/sean/region_styles.ts";
import { SpadeError } from "../runtime/errors.ts";

export type { LabelMap, RegionStyles };
export { mixRegionStyles } from "../models/sean/region_styles.ts";

// So that users need neither TypeScript's newest libraries nor @webgpu/types; where these are, the declarations merge.
declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
  /* eslint-disable @typescript-eslint/no-empty-object-type */
  interface GPUDevice {}
  interface GPUTexture {}
  /* eslint-enable @typescript-eslint/no-empty-object-type */
}

/** The result of `generate` in Node, which lacks ImageData: an object of its shape. */
export type { Picture } from "../painting/present/picture.ts";
import type { Picture } from "../painting/present/picture.ts";

/**
 * Where weights come from: an address, relative to the page (in Node also a path), or the bytes themselves. Addresses are cached; a download
 * that breaks goes on where it broke. A Response or stream is read once and neither cached nor resumed.
 */
export type Source = string | URL | Request | Response | Blob | ArrayBuffer | Uint8Array | ReadableStream<Uint8Array>;

/**
 * A cache of the page's own, for weights: what is used of the Cache interface. Keys are addresses of this package, which are never fetched;
 * values are parts of up to 4 MiB, and for each weights file a short list of its parts.
 */
export interface WebCache {
  match(key: string): Promise<Response | undefined>;
  put(key: string, response: Response): Promise<void>;
  delete(key: string): Promise<boolean>;
}

export interface SpadeOptions {
  /** A .safetensors file that says its net's options, as `spade-webgpu convert` writes it; in Node any .safetensors or .pth. */
  weights: Source;
  /**
   * The net's encoder, for `encode`; downloaded at its first use. Default: the file that the weights name, or the one beside them whose name
   * has _E in place of _G: latest_net_E.safetensors.
   */
  encoder?: Source;
  /**
   * SHA-256 of the whole file in base64, as in `<script integrity>`. Nothing is painted or cached before the file fits; a mismatch throws the
   * error `integrity`.
   */
  integrity?: `sha256-${string}`;
  /**
   * Type of weights and activations on the GPU; sums are always f32. "auto" (the default): f16 on a hardware adapter that supports it, else
   * f32. "f16" throws `unsupported` where the adapter lacks it.
   */
  dtype?: "auto" | "f16" | "f32";
  /**
   * Size of the map and the picture; default: what the net was trained for. Both are multiples of the net's stride. Nets with VAE paint one
   * size only, every other throws `unsupported`.
   */
  size?: [width: number, height: number];
  /** A device of the page, to share: it is never destroyed or replaced here; after its loss, `restore` takes a new one. Default: one of its own. */
  device?: GPUDevice;
  /** Which GPU of several; default "high-performance". Without effect beside `device`. */
  powerPreference?: "low-power" | "high-performance";
  /**
   * Keep downloaded weights for the next visit: in the browser's Cache storage (true, the default), in a cache of yours, or not (false). If the
   * browser grants no room, they are loaded all the same, and the session's event `notice` says so; without Cache storage, silently.
   */
  cache?: boolean | WebCache;
  /** Makes every request in place of the page's fetch: the weights, their ranges, their manifest. */
  fetch?: typeof fetch;
  /** Aborts loading: download, uploads and compilation end, and createSpade throws `signal.reason`. */
  signal?: AbortSignal;
  /** Called often while the net loads, and once with "ready". */
  onProgress?: (p: Progress) => void;
}

export interface Progress {
  /** "download", "upload" (to the GPU) and "compile" overlap; "ready" comes once, last. */
  phase: "download" | "compile" | "upload" | "ready";
  /** Of this phase: bytes downloaded, tensors uploaded, or programs compiled, where the current one counts as a fraction. */
  loaded: number;
  /** Of this phase; undefined while nobody knows the file's size. */
  total: number | undefined;
  /** Over all phases, 0 to 1: for <progress>. It never decreases, and is 1 with "ready" only. */
  progress: number;
  /** The whole file came from the cache; nothing had to be downloaded. */
  cached: boolean;
}

/** The adapter as the browser or Dawn names it; browsers may leave names empty. */
export interface AdapterInfo {
  /** "nvidia", "apple", "google" ... */
  vendor: string;
  /** "ampere", "metal-3", "swiftshader" ... */
  architecture: string;
  /** It computes on the CPU: a picture takes seconds. */
  software: boolean;
}

/** A label of a net. */
export interface LabelInfo {
  /** Its value in label maps. */
  id: number;
  /** "label 3" where the weights store no names. */
  name: string;
  /** "#rrggbb" */
  color: string;
  /** For palettes: labels of one category belong together. */
  category?: string;
}

/** What a file says of its net. */
export interface NetInfo {
  /** Width of the label map and the picture, in pixels. */
  width: number;
  height: number;
  /** Widths and heights that the net can paint are multiples of this. */
  stride: number;
  /** All labels of the net, by id from 0 on. */
  labels: LabelInfo[];
  /** The label of unknown pixels, for which 255 in a map stands too; null: the net has none, and 255 is an error. */
  dontCare: number | null;
  /** Whether the net takes an instance map; others ignore one. */
  edges: boolean;
  /**
   * Options of the net that the weights do not store and that were guessed from their shapes ("label_nc", "no_instance" ...); empty for
   * files that this package wrote. If a guess is wrong, convert the file with the options that it was trained with.
   */
  guessed: string[];
  /**
   * null: a net without VAE, which paints one picture a map. `dim`: how many numbers a style has. `presets`: styles of the net's training
   * photographs, their mean first, then typical ones; empty where the weights store none.
   */
  style: null | { dim: number; presets: { name: string; style: Float32Array }[] };
  /**
   * Of nets that take a style for each region of a map (SEAN; entry `spade-webgpu/sean`): how many regions there are (the labels, and the
   * edges if the net takes them, as the last), the length of a code, and the mean codes of the training's photos.
   */
  regions?: { readonly labels: number; readonly length: number; readonly mean: RegionStyles };
}

/** What a loaded net takes and gives. */
export interface SpadeInfo extends NetInfo {
  /** As NetInfo's; `encoder`: there is an address to load one from, or one was given, so that `encode` can work. */
  style: null | { dim: number; encoder: boolean; presets: { name: string; style: Float32Array }[] };
  /** Type of weights and activations on the GPU. */
  dtype: "f16" | "f32";
  adapter: AdapterInfo;
  /** `gpu`: memory held on the GPU. `download`: the size of the weights file. */
  bytes: { gpu: number; download: number };
}

/** What a weights file says of its net, without loading it. */
export interface WeightsInfo extends NetInfo {
  /** The net's options, by their published names. */
  config: { readonly [option: string]: string | number | boolean };
  /** How the file stores most weights. */
  dtype: "f16" | "f32";
  /** Of the file. */
  bytes: number;
  /** The licence or another notice that is stored with the weights. */
  notice: string | null;
}

/**
 * What varies the picture of a net with VAE: a seed (a whole number from 0 on) of a normally distributed z, or z itself, `info.style.dim`
 * numbers. The same seed gives the same z. Omitted: zeros, the mean. Nets without VAE throw `unsupported`.
 * Of a net with regions (SEAN): a code for each label. A label without one takes its mean code; if the weights store none either and the map
 * has the label, generate throws `usage`. Codes of labels that the map does not have are not used.
 */
export type Style = number | Float32Array | RegionStyles;

export interface GenerateOptions {
  style?: Style;
  /**
   * Tells objects of one label apart: a map of the label map's size; only where its ids differ matters. Omitted: edges between labels count,
   * if the net takes edges.
   */
  instance?: LabelMap;
  /** Ends this call, queued or running, with `signal.reason`; others go on. */
  signal?: AbortSignal;
}

/** For pictures on a canvas. */
export interface CanvasOptions extends GenerateOptions {
  /**
   * Shows the picture here. A canvas with a 2d context gets the same bytes as ImageData. Any other gets a webgpu context, and the picture is
   * drawn without leaving the GPU; on software adapters, where that gains nothing, a 2d context. What a webgpu canvas shows can't be read
   * from it later: `toBlob` gives the picture.
   */
  canvas: HTMLCanvasElement | OffscreenCanvas;
  /**
   * "none" (the default): the canvas gets the picture's size. "smooth", "pixels": it keeps its size and the picture fills it, interpolated or
   * in true pixels.
   */
  scaling?: Scaling;
}

export type Scaling = "none" | "smooth" | "pixels";

/** For pictures on a texture of a borrowed device. */
export interface TextureOptions extends GenerateOptions {
  /**
   * Draws the picture over the whole texture, interpolated if the sizes differ. It is 2d, has the usage RENDER_ATTACHMENT, a format that can be
   * drawn to, and the session's device: `createSpade({ device })`.
   */
  texture: GPUTexture;
}

/** Times and counts of one picture. With the map of the call before, `labels`, `tables` and `newWindows` are 0. */
export interface Stats {
  /** ms on the CPU, for the map's distinct windows. */
  labels: number;
  /** ms on the CPU, for handing new windows to the graphics card. */
  tables: number;
  /** ms, for the tables of modulations of new windows, and the net itself. */
  network: number;
  /** ms, for reading the picture back, or showing it. */
  present: number;
  /** ms in all; waiting in the queue does not count. */
  total: number;
  /** Distinct windows of labels over all levels of the net. */
  windows: number;
  /** Windows that no map before had: rows of tables that were computed for this picture. */
  newWindows: number;
  /**
   * Tiles of 2x2 pixels that were painted again, where an edit left the others as they were; null: the whole picture. 0: nothing had to be.
   */
  tiles: number | null;
  /** GPU memory held, in bytes. */
  memory: number;
}

export interface LiveOptions {
  canvas: HTMLCanvasElement | OffscreenCanvas;
  scaling?: Scaling;
  style?: Style;
  /**
   * Called after each picture that was shown. `change`: which change it shows the effect of, for pages that keep pictures with their maps:
   * calls of `update` and settings of `style` are counted from 1 on.
   */
  onFrame?: (s: Stats, change: number) => void;
}

/**
 * Paints maps as they change, on one canvas. It always takes the newest: maps that came meanwhile are left out. A picture under way is
 * given up only for a newer style, early on, and never twice in a row, so that something is shown all the time. It works in slices of some
 * 12 ms, between which the page's frames are drawn.
 */
export interface Live {
  /** The map to paint next, which is copied. @throws SpadeError label, shape, usage, disposed */
  update(map: LabelMap, options?: { instance?: LabelMap }): void;
  /** Setting it paints the last map again. @throws SpadeError shape, usage, unsupported */
  style: Style | undefined;
  /**
   * Resolves when the newest map is shown.
   * @throws SpadeError what the last picture failed with, until another is shown; without a call, the event `notice` has it
   */
  idle(): Promise<void>;
  /** Runs a job, such as a thumbnail, when nothing is to be painted; one at a time, in order. A rejected job is the event `notice`. */
  whenIdle(job: () => Promise<unknown>): void;
  /** Ends it. Nothing is drawn any more. */
  stop(): void;
}

/**
 * A loaded net. Its events:
 *
 * - `notice` { code, message, fix }: "software-adapter", "memory-only" or "guessed-config", soon after createSpade, and errors that no call could
 *   throw; without a listener, one line in the console.
 * - `lost` { reason: "destroyed" | "unknown", willRestore }: the browser took the GPU away. A device of its own is opened again, with the weights
 *   from the cache, and the call that was running is run again; calls wait for that. After a second loss within a minute, or when there is
 *   no GPU any more, another `lost` says willRestore: false, and calls throw `device-lost` or `webgpu-blocked`.
 * - `restored`: it paints again.
 */
export interface Spade extends EventTarget {
  /** After a loss, of the device that was opened since. */
  readonly info: SpadeInfo;
  /** Of the last finished picture; null before. */
  readonly stats: Stats | null;
  /**
   * Paints a map of exactly `info.width` x `info.height`, which is copied at the call. Calls queue in order. The same map, style, dtype and
   * adapter give the same bytes. In Node the result is a Picture.
   * @throws SpadeError label, shape: the map; usage, unsupported: the options; busy-canvas; device-lost, webgpu-blocked; disposed; integrity:
   *   the result is not a number
   */
  generate(map: LabelMap, options: CanvasOptions | TextureOptions): Promise<void>;
  generate(map: LabelMap, options?: GenerateOptions): Promise<ImageData>;
  /**
   * The mean style of a photograph, `info.style.dim` numbers: for generate, to mix, to store. The photo is resized to the net's size like in
   * training; its shape need not fit. In Node: { data: RGBA, width, height }.
   * @throws SpadeError unsupported: a net without VAE, or no encoder to load; download, integrity, file, shape: the encoder; usage: the photo
   */
  encode(photo: ImageBitmapSource | Picture): Promise<Float32Array>;
  /**
   * The styles of a photograph's regions, by the labels that its map has: for generate, to mix, to store. The photo is resized to the net's
   * size, which the map has already.
   * @throws SpadeError unsupported: a net without regions; label, shape: the map; usage: the photo
   */
  encodeRegions(
    photo: ImageBitmapSource | Picture,
    map: LabelMap,
    options?: { instance?: LabelMap },
  ): Promise<RegionStyles>;
  /** Paints on a canvas while maps change. Several may live at once. @throws SpadeError usage, unsupported, busy-canvas, disposed */
  live(options: LiveOptions): Live;
  /**
   * A file of the last picture that a canvas shows.
   * @param type "image/png" (the default), "image/jpeg", "image/webp"
   * @throws SpadeError usage: there is none yet; unsupported: Node
   */
  toBlob(type?: string): Promise<Blob>;
  /** Goes on with another device of the page after the loss of the borrowed one. @throws SpadeError usage: the device is not borrowed */
  restore(device: GPUDevice): Promise<void>;
  /** Frees the GPU memory and ends running calls; they and every later call throw `disposed`. May be called twice. */
  dispose(): void;
  /** dispose(), for `using`. */
  [Symbol.dispose](): void;
}

/**
 * A style between two, linearly, because the encoder's means do not lie on a sphere.
 * @param t 0: a, 1: b; beyond, it goes on
 * @throws SpadeError shape: styles of two lengths
 */
export function mixStyles(a: Float32Array, b: Float32Array, t: number): Float32Array {
  if (a.length !== b.length)
    throw new SpadeError("shape", "mixStyles", `${a.length} and ${b.length} numbers`, "give two styles of one net");
  return a.map((v, i) => v + (b[i] - v) * t);
}
