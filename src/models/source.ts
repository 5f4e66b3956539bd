// Where parameters come from: a checkpoint file, or tensors already in memory.

import { toF32, type TensorSource } from "../formats/tensors.ts";
import type { StateSource } from "./parameters.ts";

export function checkpointSource(source: TensorSource): StateSource {
  return {
    shapes: new Map(source.names().map((name) => [name, source.info(name).shape])),
    read: async (key) => toF32(await source.read(key)),
  };
}

export function memorySource(state: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>): StateSource {
  return { shapes: new Map([...state].map(([name, t]) => [name, t.shape])), read: (key) => state.get(key)!.data };
}
