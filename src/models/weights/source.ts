// Where parameters come from: a checkpoint file, or tensors already in memory.

import { toF32, type TensorSource } from "../../formats/tensors.ts";
import { SpadeError } from "../../runtime/errors.ts";
import type { StateSource } from "./parameters.ts";

/** Refuses NaN and Inf: kernels and adapters may lose them on the way, and the picture would only look wrong. */
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

/** @throws SpadeError integrity, from read: a value is NaN or Inf */
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
