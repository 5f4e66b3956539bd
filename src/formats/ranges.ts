// Tensors that lie in a file by offset, shape and strides: what every format here comes down to once its directory is
// read. Contiguous ones are read by range; others are gathered, so that readers only ever see row-major bytes.

import { SpadeError } from "../runtime/errors.ts";
import { byteSize, elements, itemSize } from "./tensors.ts";
import type { HostDType, RandomAccess, TensorInfo, TensorSource } from "./tensors.ts";

/** A tensor's place. */
export interface TensorRange extends TensorInfo {
  dtype: HostDType;
  access: RandomAccess;
  /** Bytes into `access` of element [0, 0, ...]. */
  start: number;
  /** In elements, one a dimension; left out: contiguous. */
  strides?: number[];
}

const CHUNK = 1 << 20;

/**
 * A TensorSource over ranges. Every range is checked against its file here, before anything is allocated.
 * `name` is the file's, for messages. Fails with `file` where a tensor does not lie in its file.
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
    const near = [...ranges.keys()].slice(0, 5).join(", ");
    throw new SpadeError(
      "file",
      name,
      `holds no tensor "${key}"`,
      `it holds ${ranges.size} tensors: ${near}${ranges.size > 5 ? ", ..." : ""}`,
    );
  };
  return {
    names: () => [...ranges.keys()],
    info: (key) => ({ dtype: find(key).dtype, shape: [...find(key).shape] }),
    async read(key) {
      const range = find(key);
      const total = byteSize(range);
      const { dtype, shape } = range;
      if (isContiguous(range)) return { dtype, shape: [...shape], data: await range.access.read(range.start, total) };
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
      // Eight bytes at least, and a multiple of eight: whole elements of any dtype.
      const bytes = Math.max(8, maxBytes - (maxBytes % 8));
      return isContiguous(range) ? sliced(range, bytes) : gathered(range, bytes);
    },
    metadata,
    close,
  };
}

/** Elements from the first to behind the last that a strided tensor touches. */
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
      `tensor "${key}" ${problem}`,
      "the file is damaged or not what it says: fetch or write it again",
    );
  };
  const isCount = (n: unknown): boolean => Number.isSafeInteger(n) && (n as number) >= 0;
  if (!Array.isArray(shape) || shape.length > 64 || !shape.every(isCount))
    fail(`has the shape ${JSON.stringify(shape)}`);
  if (strides && (strides.length !== shape.length || !strides.every(isCount)))
    fail(`has the strides ${JSON.stringify(strides)}`);
  const total = byteSize(range);
  const span = strides ? extent(shape, strides) * itemSize(range.dtype) : total;
  if (!Number.isSafeInteger(total) || !Number.isSafeInteger(span)) fail(`claims the shape [${shape.join(", ")}]`);
  if (!isCount(start) || start + span > access.size)
    fail(`needs bytes ${start} to ${start + span} of a storage of ${access.size}`);
  // A stride of zero makes a large tensor from few bytes. Real files expand a little (a bias, a mask), hostile ones a lot.
  if (total > Math.max(access.size, 1 << 24)) fail(`expands ${access.size} bytes to ${total}`);
}

async function* sliced(range: TensorRange, bytes: number): AsyncGenerator<Uint8Array> {
  const total = byteSize(range);
  for (let at = 0; at < total; at += bytes) yield range.access.read(range.start + at, Math.min(bytes, total - at));
}

/** Row-major pieces of a strided tensor. Its whole span is in memory meanwhile, never more than the storage. */
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
      // The odometer: the last dimension runs fastest.
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
