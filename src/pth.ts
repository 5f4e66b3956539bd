// spade-webgpu/pth: turns a checkpoint of PyTorch, or a safetensors file of anybody's, into weights that createSpade takes in a page.

import { allReaders, openCheckpoint } from "./formats/any_checkpoint.ts";
import { memorySink } from "./formats/tensors.ts";
import { retyped, type RetypeOptions } from "./formats/retype.ts";
import { writeSafetensors } from "./formats/safetensors.ts";
import type { Config } from "./models/config.ts";
import { findConfig } from "./models/weights/find_config.ts";
import { storedConfig } from "./models/weights/stored_config.ts";
import type { LabelInfo, Source } from "./session/api.ts";
import { SpadeError } from "./runtime/errors.ts";
import { openWeights } from "./web/open_weights.ts";

export { SpadeError, type SpadeErrorCode } from "./runtime/errors.ts";
export type { LabelInfo, Source };

export interface ConvertOptions extends Pick<RetypeOptions, "dtype"> {
  /** Options of the net that the file does not store, by their published names (label_nc, no_instance, crop_size ...). */
  options?: Partial<Config>;
  /** Names and colours of the labels, to be stored with the weights. */
  labels?: readonly LabelInfo[];
  /** Take only this nested dictionary of the file. */
  key?: string;
  signal?: AbortSignal;
  /** Bytes of tensors converted so far, and in all. */
  onProgress?: (p: { loaded: number; total: number }) => void;
}

/**
 * Converts a checkpoint of torch.save (.pth), or a safetensors file of any origin, to weights for createSpade. Options that the file leaves
 * open are guessed from keys and shapes; state those that you know.
 * @returns a safetensors file: createSpade({ weights: blob })
 * @throws SpadeError file, unsupported, download: the source; usage: options that contradict it; signal.reason on abort
 */
export async function convertCheckpoint(source: Source, o: ConvertOptions = {}): Promise<Blob> {
  const { signal } = o;
  const file = await openWeights(source, {
    readers: allReaders,
    signal,
    cache: false,
    report: nothing,
    onMemoryOnly: nothing,
  });
  // A zip has its directory at the end.
  await file.finished;
  const checkpoint = await openCheckpoint(file, { key: o.key });
  try {
    const shapes = new Map(checkpoint.names().map((name) => [name, checkpoint.info(name).shape]));
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

const nothing = (): void => undefined;
