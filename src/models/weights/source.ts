// Sources of parameters: a checkpoint file, or tensors already in memory.

import { toF32, type TensorSource } from "../../formats/tensors.ts";
import { SpadeError } from "../../runtime/errors.ts";
import type { StateSource } from "./parameters.ts";

/** Fails on NaN and Inf, because kernels and adapters may drop them, and then the picture is wrong without an error. */
function finite(key: string, values: Float32Array): Float32Array {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new SpadeError(
      "integrity",
      `weights, key ${key}`,
      `value ${i} is ${values[i]}`,
      "download them again, or take a checkpoint from before the training diverged",
    );
  }
  return values;
}

/** Makes a source from a checkpoint. @throws SpadeError integrity, in read: a value is NaN or Inf */
export function checkpointSource(source: TensorSource): StateSource {
  return {
    shapes: new Map(source.names().map((name) => [name, source.info(name).shape])),
    read: async (key) => finite(key, toF32(await source.read(key))),
  };
}

export function memorySource(
  state: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>,
): StateSource {
  return { shapes: new Map([...state].map(([name, t]) => [name, t.shape])), read: (key) => state.get(key)!.data };
}
