// What a page and its worker say to each other. Every call of the page has a number, under which the answer comes back.

import type { LabelerOptions, LabelOptions } from "../../labeler/api.ts";
import type {
  GenerateOptions,
  LabelMap,
  Progress,
  RegionStyles,
  Scaling,
  SpadeInfo,
  SpadeOptions,
  Stats,
  Style,
} from "../../session/api.ts";
import type { SpadeError, SpadeErrorCode } from "../../runtime/errors.ts";

/** Options that a worker can take. */
type Plain<O> = Omit<O, "device" | "fetch" | "signal" | "onProgress" | "cache"> & { cache?: boolean };
export type PlainOptions = Plain<SpadeOptions>;
export type PlainLabelerOptions = Plain<LabelerOptions>;

/** Of a Spade. Pictures go back as ImageBitmap, or onto canvases that were handed over, which have a number too. */
export interface SpadeCalls {
  create(options: PlainOptions): Opened;
  generate(
    map: LabelMap,
    options: Omit<GenerateOptions, "signal"> & { canvas?: number; scaling?: Scaling },
  ): ImageBitmap | undefined;
  encode(photo: ImageBitmap): Float32Array;
  encodeRegions(photo: ImageBitmap, map: LabelMap, options?: { instance?: LabelMap }): RegionStyles;
  toBlob(type?: string): Blob;
  /** Hands a canvas over. */
  canvas(number: number, canvas: OffscreenCanvas): void;
  live(number: number, options: { canvas: number; scaling?: Scaling; style: Style | undefined }): void;
  update(live: number, map: LabelMap, options?: { instance?: LabelMap }): void;
  style(live: number, style: Style | undefined): void;
  idle(live: number): void;
  /** Resolves when nothing is to be painted; nothing else that waits for that runs before `jobDone`. */
  whenIdle(live: number): void;
  jobDone(live: number): void;
  stop(live: number): void;
}

export interface Opened {
  readonly info: SpadeInfo;
}

/** Of a Labeler. */
export interface LabelerCalls {
  create(options: PlainLabelerOptions): { readonly classes: readonly string[] };
  label(photo: ImageBitmap, to: Omit<LabelOptions, "signal">): LabelMap & { confidence: Float32Array };
}

/** A table of calls. */
export type Table<C> = { [K in keyof C]: (...args: never[]) => unknown };
export type ArgumentsOf<C extends Table<C>, K extends keyof C> = Parameters<C[K]>;
export type ResultOf<C extends Table<C>, K extends keyof C> = ReturnType<C[K]>;

/** From the page. */
export type Request<C extends Table<C>> =
  | { [K in keyof C]: { readonly id: number; readonly call: K; readonly args: ArgumentsOf<C, K> } }[keyof C]
  | { readonly abort: number };

/** An error that crosses: a SpadeError's parts, or a message. */
export interface PlainError {
  readonly message: string;
  readonly spade?: Pick<SpadeError, "where" | "problem" | "fix"> & { code: SpadeErrorCode };
}

/** From the worker: the answer of a call, or what is said unasked. */
export type Answer =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: PlainError };
export type News =
  { readonly progress: Progress } | { readonly event: "lost" | "restored" | "notice"; readonly detail: object };
/** Of a Spade; `stats` also comes with answers, `info` with events. */
export type SpadeNews = {
  /** A live canvas has shown a change. */
  readonly frame?: { readonly live: number; readonly change: number };
  readonly stats?: Stats | null;
  readonly info?: SpadeInfo;
};
