// spade-webgpu/pth: turns a checkpoint of PyTorch, or a safetensors file of anybody's, into weights that createSpade takes in a page.

import { allReaders, openCheckpoint } from "./formats/any_checkpoint.ts";
import { memorySink, shapesOf } from "./formats/tensors.ts";
import { retyped } from "./formats/retype.ts";
import { writeSafetensors } from "./formats/safetensors.ts";
import type { Config, NetG, Upsampling } from "./models/config.ts";
import { findConfig } from "./models/weights/find_config.ts";
import { storedConfig } from "./models/weights/stored_config.ts";
import type { LabelInfo, Source } from "./session/api.ts";
import { SpadeError } from "./runtime/errors.ts";
import { openWeights } from "./web/open_weights.ts";

export { SpadeError, type SpadeErrorCode } from "./runtime/errors.ts";
export type { Config, LabelInfo, NetG, Source, Upsampling };

export interface ConvertOptions {
  /** Type of the numbers in the result; omitted: as in the file. f16 halves a download of f32; running statistics stay f32. */
  dtype?: "f16" | "f32";
  /**
   * Options that the net was trained with, by their published names, as far as you know them; those of the file's metadata, and the rest
   * guessed from keys and shapes, where omitted. A .pth does not say how its channels divide into labels, don't care and edges, nor the size.
   */
  options?: Partial<Config>;
  /** Names and colours of the labels, to be stored with the weights and read as `info.labels`. */
  labels?: readonly LabelInfo[];
  /** Take only this nested dictionary of the file ("state_dict", "netG" ...); omitted: the one that holds a generator. */
  key?: string;
  /** Ends the conversion with `signal.reason`. */
  signal?: AbortSignal;
  /** Bytes of tensors converted so far, and in all; the download before does not count. */
  onProgress?: (p: { loaded: number; total: number }) => void;
}

/**
 * Converts a checkpoint of torch.save (.pth of any version), or a safetensors file of any origin, to weights for createSpade. Nothing in the
 * file is evaluated: only tensors and plain containers are read. The whole result is held in memory.
 * @returns a safetensors file with the net's options in it: createSpade({ weights: blob })
 * @throws SpadeError file, unsupported: damaged, of another kind, Python objects in it, or beyond the range of f16; download: an address;
 *   usage, shape: options that contradict the file
 */
export async function convertCheckpoint(source: Source, o: ConvertOptions = {}): Promise<Blob> {
  const { signal } = o;
  const file = await openWeights(source, { readers: allReaders, signal, cache: false });
  // A zip has its directory at the end.
  await file.finished;
  const checkpoint = await openCheckpoint(file, { key: o.key });
  try {
    const shapes = shapesOf(checkpoint);
    const found = findConfig(shapes, checkpoint.metadata, o.options);
    const metadata: Record<string, string> = { ...checkpoint.metadata, config: storedConfig(found) };
    if (o.labels) metadata.labels = JSON.stringify(o.labels);
    const sink = memorySink();
    const overflowed: string[] = [];
    const onProgress = (p: { loaded: number; total: number }): void => {
      signal?.throwIfAborted();
      o.onProgress?.(p);
    };
    await writeSafetensors(sink, retyped(checkpoint, { dtype: o.dtype, onProgress }, overflowed), metadata);
    if (overflowed.length)
      throw new SpadeError(
        "unsupported",
        file.name,
        `has ${overflowed[0]} beyond the range of f16`,
        'convert it with dtype "f32"',
      );
    return new Blob([sink.bytes() as Uint8Array<ArrayBuffer>], { type: "application/octet-stream" });
  } finally {
    await checkpoint.close();
  }
}
