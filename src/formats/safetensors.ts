// safetensors: u64 length of a JSON header, the header, raw tensors. https://huggingface.co/docs/safetensors
// This reader is as strict as the reference reader: no overlaps, no gaps, no bytes after the last tensor.

import { foreign, SpadeError } from "../runtime/errors.ts";
import { Budget, parseJson } from "./budget.ts";
import { MAX_RANK, rangeSource } from "./ranges.ts";
import type { TensorRange } from "./ranges.ts";
import { byteSize, isHostDType, itemSize } from "./tensors.ts";
import type { RandomAccess, Sink, TensorInfo, TensorSource } from "./tensors.ts";

/** The reference reader's limit, in bytes. A header of a thousand tensors has about 100 kB. */
const MAX_HEADER = 100e6;

/** True if the first bytes of a file may be a safetensors header. */
export function looksLikeSafetensors(head: Uint8Array): boolean {
  return head.length >= 9 && head[8] === 0x7b && head[6] === 0 && head[7] === 0;
}

/** Where the header of a file that begins with these bytes ends; undefined if it is none. */
export function headerEnd(head: Uint8Array): number | undefined {
  if (!looksLikeSafetensors(head)) return undefined;
  return 8 + Number(new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true));
}

/** The size of a file that begins with these bytes, by its header; undefined if that is not whole yet, or damaged. */
export function dataEnd(head: Uint8Array): number | undefined {
  const base = headerEnd(head);
  if (base === undefined || head.length < base) return undefined;
  try {
    const header = JSON.parse(new TextDecoder().decode(head.subarray(8, base))) as Record<string, object>;
    const ends = Object.values(header).map((t) => ("data_offsets" in t ? (t.data_offsets as number[])[1] : 0));
    const end = base + Math.max(0, ...ends);
    return Number.isSafeInteger(end) ? end : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Opens a safetensors file; tensors are read only on request. `metadata` is the header's `__metadata__`.
 * Fails with `file` if the header is damaged or does not match the file's length, and with `unsupported` on an unknown
 * dtype.
 */
export async function openSafetensors(access: RandomAccess): Promise<TensorSource> {
  const fail = (problem: string, fix = "the file is truncated or damaged: fetch or write it again"): never => {
    throw new SpadeError("file", access.name, problem, fix);
  };
  if (access.size < 8) return fail(`has ${access.size} bytes, too few for a safetensors header`);
  const head = await access.read(0, 8);
  const length = Number(new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true));
  if (length > MAX_HEADER)
    return fail(`claims a header of ${length} bytes`, "it is not a safetensors file, or damaged");
  if (8 + length > access.size) return fail(`claims a header of ${length} bytes and has ${access.size} in all`);
  const budget = new Budget(access);
  const header = parseHeader(await access.read(8, length), budget, fail);

  const base = 8 + length;
  const metadata: Record<string, string> = {};
  const ranges = new Map<string, TensorRange>();
  const spans: { key: string; begin: number; end: number }[] = [];
  for (const [key, value] of Object.entries(header)) {
    if (key === "__metadata__") {
      for (const [k, v] of Object.entries(value ?? {})) metadata[k] = typeof v === "string" ? v : JSON.stringify(v);
      continue;
    }
    const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
    if (!isOffsets(offsets)) return fail(`tensor "${foreign(key, 100)}" has no valid data_offsets`);
    if (!isShape(shape)) return fail(`tensor "${foreign(key, 100)}" has no shape`);
    if (shape.length > MAX_RANK) return fail(`tensor "${foreign(key, 100)}" has a shape of ${shape.length} dimensions`);
    if (typeof dtype !== "string") return fail(`tensor "${foreign(key, 100)}" has no dtype`);
    if (!isHostDType(dtype)) {
      const fix = "convert it to F32 or F16 with the program that wrote it";
      throw new SpadeError(
        "unsupported",
        access.name,
        `tensor "${foreign(key, 100)}" has the dtype ${foreign(dtype, 40)}`,
        fix,
      );
    }
    const [begin, end] = offsets;
    if (base + end > access.size)
      return fail(`tensor "${foreign(key, 100)}" ends at byte ${base + end} and the file at ${access.size}`);
    if (byteSize({ dtype, shape }) !== end - begin) {
      return fail(`tensor "${foreign(key, 100)}" is ${dtype} [${shape.join(", ")}] and has ${end - begin} bytes`);
    }
    ranges.set(key, { dtype, shape, access, start: base + begin });
    spans.push({ key, begin, end });
  }

  spans.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { key, begin, end } of spans) {
    if (begin !== at)
      return fail(`tensor "${foreign(key, 100)}" begins at byte ${begin} of the data, and ${at} is expected`);
    at = end;
  }
  if (base + at !== access.size) return fail(`has ${access.size - base - at} bytes behind its last tensor`);
  return rangeSource(access.name, ranges, metadata, async () => access.close?.());
}

function parseHeader(bytes: Uint8Array, budget: Budget, fail: (problem: string) => never): Record<string, object> {
  try {
    const header = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes), budget);
    if (header !== null && typeof header === "object" && !Array.isArray(header))
      return header as Record<string, object>;
  } catch (error) {
    if (error instanceof SpadeError) throw error;
    if (/nested/.test((error as Error).message)) return fail(`has a safetensors header ${(error as Error).message}`);
    // The parser's own message quotes the bytes, which does not help the user.
  }
  return fail("has a safetensors header that is not JSON");
}

/** rangeSource checks later that the numbers are valid sizes. */
function isShape(v: unknown): v is number[] {
  return Array.isArray(v) && v.every((n) => typeof n === "number");
}

function isOffsets(v: unknown): v is [number, number] {
  return Array.isArray(v) && v.length === 2 && v.every((n) => Number.isSafeInteger(n) && n >= 0) && v[0] <= v[1];
}

/** A tensor to write. The writer calls `data` for its bytes, in order, when it reaches this tensor. */
export interface TensorToWrite extends TensorInfo {
  name: string;
  data: () => AsyncIterable<Uint8Array> | Promise<Uint8Array> | Uint8Array;
}

/**
 * Writes a safetensors file: the header, then the tensors one by one, without keeping them in memory. The data begins
 * at a multiple of 64 bytes. As the format recommends, dtypes with larger elements come first, so that every tensor is
 * aligned. Fails with `usage` if `data` gives a byte count that does not match dtype and shape, or a name occurs twice.
 */
export async function writeSafetensors(
  sink: Sink,
  tensors: TensorToWrite[],
  metadata: Record<string, string> = {},
): Promise<void> {
  try {
    // The header keeps the caller's order; the data is sorted by element size (Array.sort is stable).
    const order = [...tensors].sort((a, b) => itemSize(b.dtype) - itemSize(a.dtype));
    await sink.write(encodeHeader(tensors, order, metadata));
    for (const t of order) {
      for await (const piece of tensorBytes(t)) await sink.write(piece);
    }
  } catch (error) {
    await sink.abort();
    throw error;
  }
  await sink.close();
}

/** Yields a tensor's bytes in pieces. Fails with `usage` if their number does not match dtype and shape. */
export async function* tensorBytes(t: TensorToWrite): AsyncGenerator<Uint8Array> {
  let count = 0;
  const data = t.data();
  for await (const piece of Symbol.asyncIterator in data ? data : [await data]) {
    count += piece.length;
    yield piece;
  }
  if (count === byteSize(t)) return;
  throw new SpadeError(
    "usage",
    `tensor "${foreign(t.name, 100)}"`,
    `is ${t.dtype} [${t.shape.join(", ")}] and gave ${count} bytes`,
    `give ${byteSize(t)} bytes`,
  );
}

function encodeHeader(tensors: TensorToWrite[], order: TensorToWrite[], metadata: Record<string, string>): Uint8Array {
  const offsets = new Map<string, [number, number]>();
  let at = 0;
  for (const t of order) {
    if (offsets.has(t.name) || t.name === "__metadata__") {
      throw new SpadeError(
        "usage",
        `tensor "${foreign(t.name, 100)}"`,
        "comes twice or has a reserved name",
        "give every tensor a name of its own",
      );
    }
    offsets.set(t.name, [at, (at += byteSize(t))]);
  }
  // Write pairs, not an object: a tensor may be called "__proto__", and an object would reorder keys that are integers.
  const fields = tensors.map(
    (t) =>
      `${JSON.stringify(t.name)}:${JSON.stringify({ dtype: t.dtype, shape: t.shape, data_offsets: offsets.get(t.name) })}`,
  );
  if (Object.keys(metadata).length > 0) fields.unshift(`"__metadata__":${JSON.stringify(metadata)}`);
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const padded = Math.ceil((8 + json.length) / 64) * 64;
  const out = new Uint8Array(padded).fill(0x20);
  new DataView(out.buffer).setBigUint64(0, BigInt(padded - 8), true);
  out.set(json, 8);
  return out;
}
