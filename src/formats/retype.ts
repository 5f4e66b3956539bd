// Tensors of a checkpoint, to be written with other float types.

import { counted } from "../runtime/errors.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { TensorToWrite } from "./safetensors.ts";
import { byteSize, fromF32, isFloat, toF32, type HostDType } from "./tensors.ts";

export interface RetypeOptions {
  /** Type to write floating-point tensors as; by default each keeps its own. With f16, those of ALWAYS_F32 are written as F32. */
  dtype?: "f16" | "f32";
  /** Called after each piece with the bytes read so far and in all. */
  onProgress?: (p: { loaded: number; total: number }) => void;
}

/** Spectral norm's vectors and running statistics stay F32: they are small, and f16 would change the picture. */
const ALWAYS_F32 = /(^|\.)(weight_u|weight_v|running_mean|running_var)$/;

/** The type to write a tensor as. Integer tensors, such as num_batches_tracked, keep theirs. */
function targetDType(name: string, dtype: HostDType, wanted: RetypeOptions["dtype"]): HostDType {
  if (!isFloat(dtype) || wanted === undefined) return dtype;
  return wanted === "f32" || ALWAYS_F32.test(name) ? "F32" : "F16";
}

/** A checkpoint's tensors as they are to be written, read piece by piece. @param overflowed gets the names of tensors with values beyond f16 */
export function retyped(source: Checkpoint, options: RetypeOptions, overflowed: string[]): TensorToWrite[] {
  const names = source.names();
  const total = names.reduce((n, name) => n + byteSize(source.info(name)), 0);
  let loaded = 0;
  return names.map((name) => {
    const { dtype: from, shape } = source.info(name);
    const to = targetDType(name, from, options.dtype);
    async function* data(): AsyncGenerator<Uint8Array> {
      let infinite = 0;
      for await (const piece of source.chunks(name)) {
        if (from === to) yield piece;
        else {
          const values = toF32({ dtype: from, data: piece });
          if (to === "F16") infinite += countOverflow(values);
          yield fromF32(values, to as "F16" | "F32");
        }
        loaded += piece.length;
        options.onProgress?.({ loaded, total });
      }
      if (infinite > 0) overflowed.push(`${counted(infinite, "value")} of ${name}`);
    }
    return { name, dtype: to, shape, data };
  });
}

/** Finite values that round to infinity in f16. */
function countOverflow(values: Float32Array): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (Math.abs(values[i]) >= 65520 && Math.abs(values[i]) !== Infinity) count++;
  return count;
}
