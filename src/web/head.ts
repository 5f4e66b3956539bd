// The beginning of a weights file at an address: its header says everything about the net.

import type { Source } from "../session/api.ts";
import { dataEnd, looksLikeSafetensors } from "../formats/safetensors.ts";
import { checkRange, type RandomAccess } from "../formats/tensors.ts";
import { cachedHead } from "./cached.ts";
import { fetched, local, type Remote } from "./open_weights.ts";
import { originOf, type Origin } from "./origin.ts";

/** Bytes asked for at first: the header of a published net has 20 to 100 kB. */
const STEP = 1 << 17;
const MOST = 1 << 25;

/** See Host.head. @throws SpadeError download; signal.reason on abort */
export async function openHead(source: Source, signal?: AbortSignal): Promise<RandomAccess | undefined> {
  const whole = local(source);
  if (whole) return whole;
  const origin = originOf(source as Remote, fetched);
  const { name, url } = origin;
  // What can be read once is opened like a download, which ends as soon as nobody reads it.
  if (!url) return undefined;
  const bytes = await headOf(origin, signal).catch(async (error: unknown) => {
    signal?.throwIfAborted();
    const cached = await cachedHead(url);
    if (cached) return cached;
    throw error;
  });
  const size = dataEnd(bytes);
  if (size === undefined) return undefined;
  return {
    name,
    size,
    async read(offset, length) {
      checkRange(name, bytes.length, offset, length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** Downloads the header; less, if the file is no safetensors file. */
async function headOf(origin: Origin, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const bytes = await firstBytes(origin, STEP, signal);
  if (!looksLikeSafetensors(bytes)) return bytes;
  const length = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  return bytes.length < length && length < MOST ? firstBytes(origin, length, signal) : bytes;
}

/** The first `count` bytes, and what comes with the last of them. */
async function firstBytes(
  origin: Origin,
  count: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = (await origin.open(0, count, signal)).stream.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let length = 0; length < count;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value as Uint8Array<ArrayBuffer>);
    length += value.length;
  }
  await reader.cancel().catch(() => undefined);
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}
