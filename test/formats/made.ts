// Tensors in memory, and how a writer takes them.

import { byteSize } from "../../src/formats/tensors.ts";
import type { HostDType, HostTensor } from "../../src/formats/tensors.ts";
import type { TensorToWrite } from "../../src/formats/safetensors.ts";

/** Writer's input for tensors in memory; values come in pieces of a few bytes. */
export function toWrite(tensors: Map<string, HostTensor>): TensorToWrite[] {
  return [...tensors].map(([name, { dtype, shape, data }]) => ({
    name,
    dtype,
    shape,
    async *data() {
      for (let at = 0; at < data.length; at += 48) yield data.subarray(at, at + 48);
    },
  }));
}

/** Bytes that differ from tensor to tensor. */
export function filled(dtype: HostDType, shape: number[], seed: number): HostTensor {
  const data = Uint8Array.from({ length: byteSize({ dtype, shape }) }, (_, i) =>
    dtype === "BOOL" ? (i + seed) & 1 : (i * 37 + seed * 101) & 255,
  );
  return { dtype, shape, data };
}
