// Host arrays and tensors' bytes: padding of rows, half precision.

import { fromHalf, toHalf } from "./half.ts";
import { padRows, unpadRows, type Tensor } from "./tensor.ts";

export type HostArray = Float32Array | Int32Array | Uint32Array;

/** A host array as the tensor's bytes: rows padded, halves packed. */
export function encodeHost(tensor: Pick<Tensor, "shape" | "dtype">, data: HostArray): ArrayBufferView {
  if (tensor.dtype === "i32" || tensor.dtype === "u32")
    return data instanceof Float32Array ? Int32Array.from(data) : data;
  const padded = padRows(data instanceof Float32Array ? data : Float32Array.from(data), tensor.shape);
  return tensor.dtype === "f16" ? toHalf(padded) : padded;
}

/** A tensor's bytes as a dense array. */
export function decodeHost(tensor: Pick<Tensor, "shape" | "dtype">, bytes: ArrayBuffer): Float32Array {
  const values = tensor.dtype === "f16" ? fromHalf(new Uint16Array(bytes)) : new Float32Array(bytes);
  return unpadRows(values, tensor.shape);
}
