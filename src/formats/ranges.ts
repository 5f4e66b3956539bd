// Reads tensors from a file, given offset, shape and strides. Every format here ends in this form once its directory is
// read. Contiguous tensors are read by range; others are gathered, so that readers only get row-major bytes.

import { foreign, SpadeError } from "../runtime/errors.ts";
import { listed } from "./budget.ts";
import { byteSize, elements, itemSize } from "./tensors.ts";
import type { HostDType, RandomAccess, TensorInfo, TensorSource } from "./tensors.ts";

/** Where a tensor is stored. */
export interface TensorRange extends TensorInfo {
  dtype: HostDType;
  access: RandomAccess;
  /** Byte offset in `access` of element [0, 0, ...]. */
  start: number;
  /** In elements, one per dimension. Undefined means contiguous. */
  strides?: number[];
}

const CHUNK = 1 << 20;
/** Dimensions of a tensor: PyTorch has no more either. */
export const MAX_RANK = 64;

/**
 * Makes a TensorSource from ranges. Checks every range against its file before anything is allocated. `name` is the
 * file name used in messages. Fails with `file` if a tensor exceeds its file.
 */
export function rangeSource(
  name: string,
  ranges: Map<string, TensorRange>,
  metadata: Record<string, string>,
  close: () => Promise<void> = async () => {},
): TensorSource {
  for (const [key, range] of ranges) checkTensor(name, key, range);
  const find = (key: string): TensorRange => {
    const range = ranges.get(key);
    if (range) return range;
    const near = listed([...ranges.keys()].slice(0, 5), ranges.size, 5);
    throw new SpadeError(
      "file",
      name,
      `holds no tensor "${foreign(key, 100)}"`,
      `it holds ${ranges.size} tensors: ${near}`,
    );
  };
  return {
    names: () => [...ranges.keys()],
    info: (key) => ({ dtype: find(key).dtype, shape: [...find(key).shape] }),
    start: (key) => find(key).start,
    async read(key, brief) {
      const range = find(key);
      const total = byteSize(range);
      const { dtype, shape } = range;
      if (isContiguous(range))
        return { dtype, shape: [...shape], data: await range.access.read(range.start, total, brief) };
      const data = new Uint8Array(total);
      let at = 0;
      for await (const piece of gathered(range, CHUNK)) {
        data.set(piece, at);
        at += piece.length;
      }
      return { dtype, shape: [...shape], data };
    },
    chunks: (key, maxBytes = CHUNK) => {
      const range = find(key);
      // A multiple of eight bytes, at least eight, holds whole elements of any dtype.
      const bytes = Math.max(8, maxBytes - (maxBytes % 8));
      return isContiguous(range) ? sliced(range, bytes) : gathered(range, bytes);
    },
    metadata,
    close,
  };
}

/** Number of elements from the first to the last that a strided tensor uses, inclusive. */
export function extent(shape: readonly number[], strides: readonly number[]): number {
  if (shape.some((d) => d === 0)) return 0;
  return shape.reduce((last, d, i) => last + (d - 1) * strides[i], 1);
}

function isContiguous({ shape, strides }: TensorRange): boolean {
  if (!strides || elements(shape) === 0) return true;
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i] !== 1 && strides[i] !== expected) return false;
    expected *= shape[i];
  }
  return true;
}

function checkTensor(file: string, key: string, range: TensorRange): void {
  const { shape, strides, access, start } = range;
  const fail = (problem: string): never => {
    throw new SpadeError(
      "file",
      file,
      `tensor "${foreign(key, 100)}" ${problem}`,
      "the file is damaged or not what it says: fetch or write it again",
    );
  };
  const isCount = (n: unknown): boolean => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!Array.isArray(shape) || shape.length > MAX_RANK || !shape.every(isCount))
    fail(`has the shape ${JSON.stringify(shape)}`);
  if (strides && (strides.length !== shape.length || !strides.every(isCount)))
    fail(`has the strides ${JSON.stringify(strides)}`);
  const total = byteSize(range);
  const span = strides ? extent(shape, strides) * itemSize(range.dtype) : total;
  if (!Number.isSafeInteger(total) || !Number.isSafeInteger(span)) fail(`claims the shape [${shape.join(", ")}]`);
  if (!isCount(start) || start + span > access.size)
    fail(`needs bytes ${start} to ${start + span} of a storage of ${access.size}`);
  // A stride of zero expands few bytes to a large tensor. Real files expand a little (a bias, a mask), hostile ones a
  // lot.
  if (total > Math.max(access.size, 1 << 24)) fail(`expands ${access.size} bytes to ${total}`);
}

async function* sliced(range: TensorRange, bytes: number): AsyncGenerator<Uint8Array> {
  const total = byteSize(range);
  for (let at = 0; at < total; at += bytes) yield range.access.read(range.start + at, Math.min(bytes, total - at));
}

/** Yields row-major pieces of a strided tensor. Holds its whole span in memory, which is at most the storage. */
async function* gathered(range: TensorRange, bytes: number): AsyncGenerator<Uint8Array> {
  const { shape } = range;
  const strides = range.strides as number[];
  const item = itemSize(range.dtype);
  const total = elements(shape);
  const source = await range.access.read(range.start, extent(shape, strides) * item);
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let done = 0; done < total;) {
    const count = Math.min(bytes / item, total - done);
    const out = new Uint8Array(count * item);
    for (let to = 0; to < out.length;) {
      for (let b = 0; b < item; b++) out[to++] = source[from * item + b];
      // Advance the index like an odometer: the last dimension changes fastest.
      for (let d = shape.length - 1; d >= 0; d--) {
        from += strides[d];
        if (++index[d] < shape[d]) break;
        from -= strides[d] * shape[d];
        index[d] = 0;
      }
    }
    done += count;
    yield out;
  }
}
