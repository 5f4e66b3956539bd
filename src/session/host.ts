// What differs between a page and Node: the GPU device, and where bytes come from.

import type { Picture, Source, Spade, SpadeOptions } from "./api.ts";
import type { Checkpoint, Reader } from "../formats/checkpoint.ts";
import type { RandomAccess } from "../formats/tensors.ts";
import type { NetWeights } from "../painting/open_net.ts";
import type { Device, OpenOptions, Target } from "../runtime/index.ts";

/** What encode() takes. */
export type Photo = Parameters<Spade["encode"]>[0];

/** A photo's pixels, four bytes each. */
export type Pixels = Pick<Picture, "width" | "height"> & { readonly data: ArrayLike<number> };

export interface LoadOptions extends Pick<SpadeOptions, "integrity" | "signal" | "cache" | "fetch"> {
  readonly readers: readonly Reader[];
  /** The same file was loaded before: what the cache has of it is taken without asking the server for a newer one. */
  readonly reload?: boolean;
  /** Downloaded bytes, and the file's size as soon as it is known. */
  report?(loaded: number, total: number | undefined): void;
  /** The browser grants the cache no room. */
  onMemoryOnly?(cause: unknown): void;
}

/** Weights that may still be arriving; reads wait for their bytes. */
export interface Weights extends RandomAccess {
  /** Resolves when all bytes are there and fit; before, nothing may be painted. Absent: they are there. */
  readonly finished?: Promise<void>;
  /** Nothing had to be downloaded. */
  readonly cached?: boolean;
}

/** The files of weights that a host reads. */
export interface WeightsFormat {
  readonly readers: readonly Reader[];
  /** Closes `access` on failure. @throws SpadeError file, unsupported */
  open(access: RandomAccess): Promise<Checkpoint>;
}

/** What every net needs of a host. */
export interface BareHost {
  /** For borrowed devices; omitted: chosen by adapter. */
  readonly sizesAs?: Target["sizesAs"];
  /** For borrowed devices: how to wait for a software adapter. */
  readonly rest?: OpenOptions["rest"];
  readonly format: WeightsFormat;
  openDevice(options: OpenOptions & Pick<SpadeOptions, "powerPreference">): Promise<Device>;
  /** What its users can do about a software adapter. */
  readonly softwareFix: string;
  /** A photograph as it is at the call. @param call in messages @throws SpadeError usage: not a picture */
  readPhoto(photo: Photo, call: string): Promise<Pixels>;
  /** Opens the head of a safetensors file, whose tensors can't be read; undefined if the source is none. */
  head(source: Source, signal?: AbortSignal): Promise<RandomAccess | undefined>;
  /** Opens a source for reads by range; resolves with its first bytes. */
  open(source: Source, options: LoadOptions): Promise<Weights>;
}

/** A host of generators. */
export interface Host extends BareHost {
  readonly format: WeightsFormat & {
    /** @throws SpadeError usage, file, shape: no generator, or options that do not fit together */
    describe(checkpoint: Checkpoint, options: { weights: string; size?: readonly [number, number] }): NetWeights;
  };
}
