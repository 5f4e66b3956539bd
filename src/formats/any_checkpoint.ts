// Checkpoints of every format: safetensors, and torch.save's zip, legacy pickle and tar.

import { openWith, safetensorsReader, type Checkpoint, type OpenOptions, type Reader } from "./checkpoint.ts";
import type { RandomAccess } from "./tensors.ts";
import { torchReaders } from "./torch/readers.ts";

export const allReaders: readonly Reader[] = [...torchReaders, safetensorsReader];

/** See openWith. */
export function openCheckpoint(access: RandomAccess, options: OpenOptions = {}): Promise<Checkpoint> {
  return openWith(allReaders, access, options);
}
