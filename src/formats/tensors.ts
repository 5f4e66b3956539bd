// Tensors as stored in files (a dtype, a shape, little-endian bytes), and the interfaces to read and write their bytes.
// Nothing here depends on Node, so a web page reads the same formats. We assume that the machine is little-endian.

import { SpadeError } from "../runtime/errors.ts";
import { floatFromHalf, halfFromFloat } from "../runtime/half.ts";

/** The dtypes that we read and write, under their safetensors names. */
export type HostDType = "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "I16" | "I8" | "U8" | "BOOL";

const ITEM_SIZE: Record<HostDType, number> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** A tensor's dtype and shape, without its values. Shape in elements, outermost dimension first; [] is a scalar. */
export interface TensorInfo {
  dtype: HostDType;
  shape: number[];
}

/** A tensor in memory; `data` is contiguous, row-major, little-endian. */
export interface HostTensor extends TensorInfo {
  data: Uint8Array;
}

/** Bytes that can be read by range: a file, a Blob, a buffer. */
export interface RandomAccess {
  /** A file name or URL, used in messages. */
  readonly name: string;
  /** Size in bytes. */
  readonly size: number;
  /**
   * Reads exactly `length` bytes from `offset`. Fails with `file` if the range exceeds `size`; callers check it first.
   * `brief`: the caller needs the bytes until its next read only; they may be overwritten then.
   */
  read(offset: number, length: number, brief?: boolean): Promise<Uint8Array>;
  /** Waits until what was read of the file's beginning is known to be its own; rejects if it is not. Absent: it is known. */
  confirm?(): Promise<void>;
  close?(): Promise<void>;
}

/** Receives a writer's bytes in order. `close` makes the result visible; `abort` discards it. */
export interface Sink {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

/** An open file of named tensors. Values are read only on request. */
export interface TensorSource {
  /** Lists the names in the file's order. */
  names(): string[];
  /** Fails with `file` if the file has no tensor of this name. */
  info(name: string): TensorInfo;
  /** Where a tensor begins in the file; files that arrive as a stream are read in this order. */
  start?(name: string): number;
  /** Reads the whole tensor, contiguous. @param brief see RandomAccess */
  read(name: string, brief?: boolean): Promise<HostTensor>;
  /** Yields the same bytes in pieces of at most `maxBytes` and whole elements. The caller may keep each piece. */
  chunks(name: string, maxBytes?: number): AsyncIterable<Uint8Array>;
  readonly metadata: Record<string, string>;
  close(): Promise<void>;
}

/** The shape of every tensor, by name. */
export function shapesOf(source: Pick<TensorSource, "names" | "info">): Map<string, number[]> {
  return new Map(source.names().map((name) => [name, source.info(name).shape]));
}

/** Bytes of one element. */
export function itemSize(dtype: HostDType): number {
  return ITEM_SIZE[dtype];
}

export function isHostDType(name: string): name is HostDType {
  return Object.hasOwn(ITEM_SIZE, name);
}

export function isFloat(dtype: HostDType): boolean {
  return dtype === "F64" || dtype === "F32" || dtype === "F16" || dtype === "BF16";
}

/** Number of elements of a shape. A hostile shape may give more than 2^53: a large, inexact number that never wraps. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1);
}

/** Bytes of a tensor. */
export function byteSize(t: TensorInfo): number {
  return elements(t.shape) * itemSize(t.dtype);
}

/** Wraps a buffer as RandomAccess; reads return views, not copies. */
export function bytesAccess(bytes: Uint8Array, name = "buffer"): RandomAccess {
  return {
    name,
    size: bytes.length,
    read: async (offset, length) => {
      checkRange(name, bytes.length, offset, length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** Wraps a Blob or File as RandomAccess; only the requested ranges are read. */
export function blobAccess(blob: Blob, name = "blob"): RandomAccess {
  return {
    name,
    size: blob.size,
    read: async (offset, length) => {
      checkRange(name, blob.size, offset, length);
      try {
        return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      } catch (cause) {
        const problem = `can't be read (${(cause as Error).message})`;
        throw new SpadeError("file", name, problem, "choose the file again: it was moved or changed", cause);
      }
    },
  };
}

/** Wraps a part of another RandomAccess, under the same name. */
export function subAccess(whole: RandomAccess, start: number, size: number): RandomAccess {
  checkRange(whole.name, whole.size, start, size);
  return {
    name: whole.name,
    size,
    read: async (offset, length) => {
      checkRange(whole.name, size, offset, length);
      return whole.read(start + offset, length);
    },
  };
}

/** Fails with `file` if a range exceeds the file. This is the last check, after those of each format. */
export function checkRange(name: string, size: number, offset: number, length: number): void {
  if (
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    offset + length <= size
  )
    return;
  throw new SpadeError(
    "file",
    name,
    `bytes ${offset} to ${offset + length} are asked for and the file has ${size}`,
    "the file is truncated or damaged: fetch or write it again",
  );
}

/** A Sink that keeps everything in memory; call `bytes()` when the writer is done. */
export function memorySink(): Sink & { bytes(): Uint8Array } {
  let parts: Uint8Array[] = [];
  return {
    write: async (bytes) => void parts.push(bytes.slice()),
    close: async () => {},
    abort: async () => void (parts = []),
    bytes: () => concat(parts),
  };
}

/** Joins pieces into one array. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((n, piece) => n + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

// A lookup table, because calling floatFromHalf per element would dominate the conversion of a large file.
let halfTable: Float32Array | undefined;
function halves(): Float32Array {
  return (halfTable ??= Float32Array.from({ length: 65536 }, (_, bits) => floatFromHalf(bits)));
}

/**
 * Converts values to float32. Integers beyond 2^24 and doubles are rounded to nearest; BOOL gives 0 or 1. For F32 the
 * result may share memory with `data`.
 */
export function toF32({ dtype, data }: Pick<HostTensor, "dtype" | "data">): Float32Array {
  switch (dtype) {
    case "F32":
      return typed(Float32Array, data);
    case "F64":
      return Float32Array.from(typed(Float64Array, data));
    case "F16": {
      const bits = typed(Uint16Array, data);
      const table = halves();
      const out = new Float32Array(bits.length);
      for (let i = 0; i < bits.length; i++) out[i] = table[bits[i]];
      return out;
    }
    case "BF16": {
      const bits = typed(Uint16Array, data);
      const out = new Uint32Array(bits.length);
      for (let i = 0; i < bits.length; i++) out[i] = bits[i] << 16;
      return new Float32Array(out.buffer);
    }
    case "I64":
      return Float32Array.from(typed(BigInt64Array, data), Number);
    case "I32":
      return Float32Array.from(typed(Int32Array, data));
    case "I16":
      return Float32Array.from(typed(Int16Array, data));
    case "I8":
      return Float32Array.from(typed(Int8Array, data));
    case "U8":
      return Float32Array.from(data);
    case "BOOL":
      return Float32Array.from(data, (v) => (v ? 1 : 0));
  }
}

/**
 * Converts float32 values to the bytes of a float dtype, rounded to nearest even; values beyond its range become
 * infinite. For F32 the result shares memory with `values`.
 */
export function fromF32(values: Float32Array, dtype: "F64" | "F32" | "F16" | "BF16"): Uint8Array {
  if (dtype === "F32") return bytesOf(values);
  if (dtype === "F64") return bytesOf(Float64Array.from(values));
  const out = new Uint16Array(values.length);
  if (dtype === "F16") {
    for (let i = 0; i < values.length; i++) out[i] = halfFromFloat(values[i]);
  } else {
    const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
    for (let i = 0; i < bits.length; i++) {
      const x = bits[i];
      // Rounding must not turn a NaN into infinity, so set a mantissa bit instead.
      out[i] = (x & 0x7fffffff) > 0x7f800000 ? (x >>> 16) | 0x40 : (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
    }
  }
  return bytesOf(out);
}

/** Makes a float32 tensor that shares memory with `values`. */
export function f32Tensor(shape: number[], values: Float32Array): HostTensor {
  return { dtype: "F32", shape, data: bytesOf(values) };
}

function bytesOf(a: Float32Array | Float64Array | Uint16Array): Uint8Array {
  return new Uint8Array(a.buffer, a.byteOffset, a.byteLength);
}

interface TypedArrayOf<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): T;
}

/** Views bytes as a typed array; copies them only if they are not aligned for it. */
function typed<T>(type: TypedArrayOf<T>, data: Uint8Array): T {
  // Not data.slice(): a Node Buffer's shares its memory.
  const aligned = data.byteOffset % type.BYTES_PER_ELEMENT === 0 ? data : new Uint8Array(data);
  return new type(aligned.buffer, aligned.byteOffset, data.length / type.BYTES_PER_ELEMENT);
}
