// Weights stored as int8: NAME.weight is I8, and NAME.scale holds what its values are multiplied by, one f32 for the tensor or one for each
// index of its first dimension (output channels). This is apart from the reader of safetensors, which pages download with the engine: only
// nets that are stored so need it.

import { foreign, SpadeError } from "../../runtime/errors.ts";
import {
  elements,
  f32Tensor,
  toF32,
  type HostTensor,
  type TensorInfo,
  type TensorSource,
} from "../../formats/tensors.ts";

/** The name of the scale of an I8 tensor. */
export const scaleName = (key: string): string => `${key.replace(/\.weight$/, "")}.scale`;

const CHUNK = 1 << 20;

/**
 * The same source with f32 values in place of every I8 tensor and its scale. Other tensors pass unchanged.
 * @param file the file's name in messages
 * @throws SpadeError file: a scale is missing or does not fit its tensor; later, in read and chunks: a scale is not finite
 */
export function withoutInt8(source: TensorSource, file: string): TensorSource {
  const names = source.names();
  const int8 = new Map(names.filter((key) => source.info(key).dtype === "I8").map((key) => [key, scaleName(key)]));
  const known = new Set(names);
  for (const [key, scale] of int8) checkScale(source, known, key, scale, file);
  const hidden = new Set(int8.values());

  const scaled = async (key: string, scale: string): Promise<HostTensor> => {
    const scales = toF32(await source.read(scale));
    const bad = scales.findIndex((s) => !Number.isFinite(s));
    if (bad >= 0) throw damaged(file, `tensor "${foreign(scale, 100)}" has the scale ${scales[bad]} at ${bad}`);
    const { shape, data } = await source.read(key);
    const values = new Float32Array(data.length);
    const each = data.length / scales.length;
    // An int8 times an f32 is rounded once, as every reader of such files does it.
    for (let i = 0; i < values.length; i++) values[i] = ((data[i] << 24) >> 24) * scales[Math.floor(i / each)];
    return f32Tensor(shape, values);
  };

  return {
    names: () => names.filter((key) => !hidden.has(key)),
    info: (key) => ({ ...source.info(key), ...(int8.has(key) ? { dtype: "F32" } : {}) }),
    start: source.start && ((key) => source.start!(key)),
    read(key, brief) {
      const scale = int8.get(key);
      return scale === undefined ? source.read(key, brief) : scaled(key, scale);
    },
    chunks(key, maxBytes = CHUNK) {
      const scale = int8.get(key);
      return scale === undefined ? source.chunks(key, maxBytes) : pieces(scaled(key, scale), maxBytes);
    },
    metadata: source.metadata,
    close: () => source.close(),
  };
}

const damaged = (file: string, problem: string): SpadeError =>
  new SpadeError("file", file, problem, "the file is damaged or incomplete: fetch or write it again");

function checkScale(source: TensorSource, known: Set<string>, key: string, scale: string, file: string): void {
  const named = `tensor "${foreign(scale, 100)}"`;
  if (!known.has(scale)) throw damaged(file, `has no ${named}, the scale of the I8 tensor "${foreign(key, 100)}"`);
  const { shape }: TensorInfo = source.info(key);
  const { dtype, shape: found } = source.info(scale);
  if (dtype !== "F32") throw damaged(file, `${named} is ${dtype}, and a scale is F32`);
  const count = elements(found);
  if (count === 1 || (found.length === 1 && count === shape[0])) return;
  const wanted = shape.length ? `1 or ${shape[0]}` : "1";
  throw damaged(file, `${named} is [${foreign(found.join(", "))}] where ${wanted} values are wanted`);
}

async function* pieces(whole: Promise<HostTensor>, maxBytes: number): AsyncGenerator<Uint8Array> {
  const { data } = await whole;
  const bytes = Math.max(4, maxBytes - (maxBytes % 4));
  for (let at = 0; at < data.length; at += bytes) yield data.subarray(at, at + bytes);
}
