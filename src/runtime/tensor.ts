// A tensor is a shape, a storage type and a place. Floating tensors pad their last axis (channels) to a multiple of 4, so that
// every kernel reads vec4; the padded lanes hold zeros. Integer tensors (label ids, window lists) are stored as they are.

import { fromHalf, toHalf } from "./half.ts";

export type DType = "f32" | "f16" | "u32" | "i32";

/** Bytes; bound ranges of a buffer begin at multiples of it, on every adapter. */
export const ALIGN = 256;
/** The next such byte. */
export const aligned = (byte: number): number => ceilDiv(byte, ALIGN) * ALIGN;

export const BYTES: Record<DType, number> = { f32: 4, f16: 2, u32: 4, i32: 4 };

/**
 * Where a tensor's bytes live: in the program's arenas (temp, input, output), in a separate buffer (kept), in a buffer of another owner
 * (external), or nowhere any more (released).
 */
export type Home = "temp" | "input" | "output" | "kept" | "external" | "released";

/** A range of a GPU buffer. Graphs may bind it before the buffer is allocated; compiling a program needs it allocated. */
export interface Storage {
  buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
  readonly label: string;
}

/** Placeholder for the buffer of a storage that is not allocated. */
class Unallocated {
  constructor(readonly size: number) {}
}

const unallocated = (bytes: number): GPUBuffer => new Unallocated(bytes) as unknown as GPUBuffer;

/** A storage without a buffer yet; Device.place allocates it. */
export const paperStorage = (label: string, bytes: number): Storage => ({
  buffer: unallocated(bytes),
  offset: 0,
  bytes,
  label,
});

export const isAllocated = ({ buffer }: Pick<Storage, "buffer">): boolean => !(buffer instanceof Unallocated);

/** Turns a storage whose buffer was freed back into a paper storage. */
export function forgetBuffer(storage: Storage): void {
  storage.buffer = unallocated(storage.bytes);
}

/** A part of a storage, allocated with it. */
export const viewOf = (storage: Storage, offset: number, bytes: number): Storage => ({
  get buffer() {
    return storage.buffer;
  },
  offset: storage.offset + offset,
  bytes,
  label: storage.label,
});

export interface Tensor {
  readonly id: number;
  readonly name: string;
  /** Logical shape, channels last (NHWC for pictures). */
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Elements from one row of the last axis to the next: the last axis, padded to 4 for floating types. */
  readonly pitch: number;
  readonly bytes: number;
  home: Home;
  storage?: Storage;
}

export const isTensor = (v: unknown): v is Tensor =>
  typeof v === "object" && v !== null && "dtype" in v && "pitch" in v;

export const ceilDiv = (a: number, b: number): number => Math.ceil(a / b);
export const pad4 = (n: number): number => (n + 3) & ~3;
export const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export function pitchOf(shape: readonly number[], dtype: DType): number {
  const last = shape.length === 0 ? 1 : shape[shape.length - 1];
  return dtype === "f32" || dtype === "f16" ? pad4(last) : last;
}

/** Stored elements, padding included. */
export function storedElements(shape: readonly number[], dtype: DType): number {
  return product(shape.slice(0, -1)) * pitchOf(shape, dtype);
}

/** Bytes in a buffer: a multiple of 16, never zero (WebGPU binds no empty range). */
export function bytesOf(shape: readonly number[], dtype: DType): number {
  return Math.max(16, ceilDiv(storedElements(shape, dtype) * BYTES[dtype], 16) * 16);
}

export function describe(t: Pick<Tensor, "name" | "shape" | "dtype">): string {
  return `${t.name} ${t.dtype}[${t.shape.join(",")}]`;
}

// Integers with a reserved meaning in i32 tensors that src/labels fills and kernels read. Neither of those folders may import the
// other, so the names stand here, beside the tensors; shaders get them as text constants.

/** A code (2 * label + edge) of a window: this tap lies outside the picture and adds nothing. */
export const OUTSIDE_CODE = -1;
/** Inner id that stands for "outside the picture". */
export const OUTSIDE_INNER = 0;
/** Every code of the window of inner id OUTSIDE_INNER: its row of any table is zero. */
export const NO_WINDOW = -2;
/** As the row of the edge channel: the net has no edges. */
export const NO_EDGES = -1;
/** Rows of the tensor `rows` of lists (src/labels/lists.ts): row 0 holds a count, then the list of all readers, then one row a segment. */
export const LIST_ALL = 1;
export const LIST_SEGMENTS = 2;
/** A pixel of a list is row << PIXEL_ROW_SHIFT | column. */
export const PIXEL_ROW_SHIFT = 16;

/** Pads the last axis of a dense array to the stored pitch. */
export function padRows(data: Float32Array, shape: readonly number[]): Float32Array {
  const c = shape.at(-1) ?? 1;
  const pitch = pad4(c);
  if (pitch === c) return data;
  const rows = data.length / c;
  const out = new Float32Array(rows * pitch);
  for (let r = 0; r < rows; r++) out.set(data.subarray(r * c, r * c + c), r * pitch);
  return out;
}

/** Undoes padRows. */
export function unpadRows(data: Float32Array, shape: readonly number[]): Float32Array {
  const c = shape.at(-1) ?? 1;
  const pitch = pad4(c);
  if (pitch === c) return data.subarray(0, product(shape));
  const rows = product(shape) / c;
  const out = new Float32Array(rows * c);
  for (let r = 0; r < rows; r++) out.set(data.subarray(r * pitch, r * pitch + c), r * c);
  return out;
}

/** Values on the host: dense, in a tensor's logical shape. */
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
