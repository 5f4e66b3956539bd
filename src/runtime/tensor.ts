// A tensor is a shape, a storage type and a place. Floating tensors pad their last axis (channels) to a multiple of 4, so that
// every kernel reads vec4; the padded lanes hold zeros. Integer tensors (label ids, window lists) are stored as they are.

export type DType = "f32" | "f16" | "u32" | "i32";

export const BYTES: Record<DType, number> = { f32: 4, f16: 2, u32: 4, i32: 4 };

/** Where a tensor's bytes live: in the program's arenas (temp, input, output), in a buffer of its own (kept), outside (external), or nowhere any more (released). */
export type Home = "temp" | "input" | "output" | "kept" | "external" | "released";

/** A range of a GPU buffer. */
export interface Storage {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
  readonly label: string;
}

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
