// Reads NumPy's .npy files of float32 or float64 arrays in C order.

import { SpadeError } from "../../runtime/errors.ts";

const MAGIC = "\x93NUMPY";
/** Bytes of a header; NumPy's own have 128. */
const MOST_HEADER = 4096;

export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** @param where the file, for messages @throws SpadeError file: damaged, or not such an array */
export function readNpy(bytes: Uint8Array, where: string): NpyArray {
  const wrong = (problem: string): SpadeError =>
    new SpadeError("file", where, problem, "give a .npy that numpy.save wrote of a float32 array, or remove it");
  if (bytes.length < 12 || String.fromCharCode(...bytes.subarray(0, 6)) !== MAGIC) throw wrong("is no .npy file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = bytes[6] === 1 ? 10 : 12;
  const length = bytes[6] === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MOST_HEADER || start + length > bytes.length) throw wrong("ends within its header");
  const header = String.fromCharCode(...bytes.subarray(start, start + length));
  const type = /'descr':\s*'<f([48])'/.exec(header)?.[1];
  const sizes = /'shape':\s*\(([\d, ]*)\)/.exec(header)?.[1];
  if (!type || sizes === undefined || !/'fortran_order':\s*False/.test(header))
    throw wrong("holds no little-endian float32 or float64 array in C order");
  const shape = sizes.split(",").flatMap((n) => (n.trim() === "" ? [] : [Number(n)]));
  const count = shape.reduce((a, b) => a * b, 1);
  const width = Number(type);
  const first = start + length;
  if (count * width !== bytes.length - first)
    throw wrong(`holds ${bytes.length - first} bytes where its shape needs ${count * width}`);
  const data = new Float32Array(count);
  for (let i = 0; i < count; i++)
    data[i] = width === 4 ? view.getFloat32(first + 4 * i, true) : view.getFloat64(first + 8 * i, true);
  return { shape, data };
}
