// What a page and its worker say to each other. Every call of the page has a number, under which the answer comes back.

import type {
  GenerateOptions,
  LabelMap,
  Progress,
  Scaling,
  SpadeInfo,
  SpadeOptions,
  Stats,
  Style,
} from "../../session/api.ts";
import type { SpadeError, SpadeErrorCode } from "../../runtime/errors.ts";

/** Options of createSpade that a worker can take. */
export type PlainOptions = Omit<SpadeOptions, "device" | "fetch" | "signal" | "onProgress" | "cache"> & {
  cache?: boolean;
};

/** Pictures go back as ImageBitmap, or onto canvases that were handed over, which have a number too. */
interface Calls {
  create(options: PlainOptions): Opened;
  generate(
    map: LabelMap,
    options: Omit<GenerateOptions, "signal"> & { canvas?: number; scaling?: Scaling },
  ): ImageBitmap | undefined;
  encode(photo: ImageBitmap): Float32Array;
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

export type CallName = keyof Calls;
export type ArgumentsOf<K extends CallName> = Parameters<Calls[K]>;
export type ResultOf<K extends CallName> = ReturnType<Calls[K]>;

/** From the page. */
export type Request =
  | { [K in CallName]: { readonly id: number; readonly call: K; readonly args: ArgumentsOf<K> } }[CallName]
  | { readonly abort: number };

/** An error that crosses: a SpadeError's parts, or a message. */
export interface PlainError {
  readonly message: string;
  readonly spade?: Pick<SpadeError, "where" | "problem" | "fix"> & { code: SpadeErrorCode };
}

/** From the worker. */
export type Answer =
  | { readonly id: number; readonly result: unknown; readonly stats: Stats | null }
  | { readonly id: number; readonly error: PlainError }
  | { readonly progress: Progress }
  | { readonly event: "lost" | "restored" | "notice"; readonly detail: object; readonly info: SpadeInfo }
  | { readonly frame: number; readonly stats: Stats };
