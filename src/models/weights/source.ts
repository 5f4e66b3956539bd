// Sources of parameters: a checkpoint file, or tensors already in memory.

import { f32Tensor, toF32, type TensorSource } from "../../formats/tensors.ts";
import { foreign, SpadeError } from "../../runtime/errors.ts";
import type { StateSource } from "./parameters.ts";

/** Values of these keys must be more than finite. */
const NOT_ONLY_FINITE = /running_var$|(^|\.)weight_[uv]$/;

/**
 * Refuses values that would paint black or noise: NaN and Inf (kernels and adapters may lose them on the way), a negative running variance
 * (its root is none), running variances or spectral norm's vectors that are all zero. Single zeros are legal: channels that are never
 * active, f16 files of variances below 6e-8.
 */
function sound(key: string, values: Float32Array): Float32Array {
  const refuse = (problem: string): never => {
    throw new SpadeError(
      "integrity",
      `weights, key ${foreign(key, 100)}`,
      problem,
      "download them again, or take an earlier checkpoint",
    );
  };
  const isVariance = key.endsWith("running_var");
  const mayNotVanish = values.length > 1 && NOT_ONLY_FINITE.test(key);
  let zeros = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) refuse(`value ${i} is ${values[i]}`);
    if (isVariance && values[i] < 0) refuse(`value ${i} is ${values[i]}, and a variance is never negative`);
    if (values[i] === 0) zeros++;
  }
  if (mayNotVanish && zeros === values.length) refuse(`all its ${zeros} values are 0`);
  return values;
}

/** Makes a source from a checkpoint. @throws SpadeError integrity, in read: a value is NaN or Inf, or a layer's values make no picture */
export function checkpointSource(source: TensorSource): StateSource {
  const start = (name: string): number => source.start?.(name) ?? 0;
  const names = source.names().sort((a, b) => start(a) - start(b));
  const read = async (key: string, brief = false): Promise<Float32Array> =>
    sound(key, toF32(await source.read(key, brief)));
  return {
    shapes: new Map(names.map((name) => [name, source.info(name).shape])),
    read: (key) => read(key),
    raw: {
      isHalf: (key) => source.info(key).dtype === "F16",
      async read(key) {
        const { dtype, shape } = source.info(key);
        if (NOT_ONLY_FINITE.test(key)) await read(key, true);
        if (dtype === "F16" || dtype === "F32") return (await source.read(key, true)).data;
        return f32Tensor(shape, await read(key)).data;
      },
    },
  };
}

export function memorySource(
  state: ReadonlyMap<string, { shape: readonly number[]; data: Float32Array }>,
): StateSource {
  return { shapes: new Map([...state].map(([name, t]) => [name, t.shape])), read: (key) => state.get(key)!.data };
}
