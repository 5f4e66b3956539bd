// Entries of a zip, read by range: a part of the file where the entry is stored (as torch writes it), else inflated. Their checksums are
// verified before any of their bytes is given out.

import { SpadeError } from "../../runtime/errors.ts";
import { mostInflated } from "../budget.ts";
import { crc32 } from "../crc.ts";
import { checkRange, subAccess } from "../tensors.ts";
import type { RandomAccess } from "../tensors.ts";
import { printable } from "./torch_objects.ts";

/** An entry of the directory, as zip.js gives it. */
export interface Entry {
  filename: string;
  offset: number;
  compressedSize: number;
  uncompressedSize: number;
  compressionMethod: number;
  encrypted: boolean;
  /** The CRC-32 of its bytes. torch writes 0 where torch.serialization.set_crc32_options(False) was called. */
  signature?: number;
}

export function looksLikeZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
}

/** The last inflated entry. Only one is kept, so that a compressed file does not fill memory. */
export interface Inflated {
  entry: Entry | undefined;
  bytes: Promise<Uint8Array> | undefined;
}

export function fault(
  access: Pick<RandomAccess, "name">,
  problem: string,
  fix = "the file is truncated or damaged: fetch or save it again",
): SpadeError {
  return new SpadeError("file", access.name, problem, fix);
}

const CHUNK = 1 << 20;

/** Opens an entry. Fails with `file` if it does not lie in the file; reads fail with `file` if its bytes are not those of its checksum. */
export async function openEntry(access: RandomAccess, entry: Entry, inflated: Inflated): Promise<RandomAccess> {
  const name = printable(entry.filename);
  if (entry.encrypted) throw fault(access, `its entry ${name} is encrypted`, "save it without encryption");
  if (entry.offset + 30 > access.size) throw fault(access, `its entry ${name} lies behind its end`);
  const header = await access.read(entry.offset, 30);
  if (!looksLikeZip(header)) throw fault(access, `its entry ${name} does not begin with a zip header`);
  // The name and extra field (torch's padding) may have other lengths in the local header than in the directory.
  const view = new DataView(header.buffer, header.byteOffset, 30);
  const start = entry.offset + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  if (start + entry.compressedSize > access.size) throw fault(access, `its entry ${name} ends behind its end`);
  const stored = subAccess(access, start, entry.compressedSize);
  if (entry.compressionMethod === 0) {
    if (entry.compressedSize !== entry.uncompressedSize) throw fault(access, `its entry ${name} has two sizes`);
    return checkedAccess(stored, entry);
  }
  // Deflate compresses by a factor of at most 1032.
  if (entry.compressionMethod !== 8 || entry.uncompressedSize > 1032 * entry.compressedSize + 64) {
    throw fault(access, `its entry ${name} is compressed in a way that is not deflate`);
  }
  return {
    name: access.name,
    size: entry.uncompressedSize,
    async read(offset, length) {
      checkRange(access.name, entry.uncompressedSize, offset, length);
      if (inflated.entry !== entry) {
        const most = mostInflated(access.size);
        if (entry.uncompressedSize > most)
          throw fault(
            access,
            `its entry ${name} inflates to ${entry.uncompressedSize} bytes, and a file of ${access.size} may to ${most}`,
            "save it with torch.save, which does not compress",
          );
        Object.assign(inflated, { entry, bytes: inflate(stored, entry) });
      }
      return ((await inflated.bytes) as Uint8Array).slice(offset, offset + length);
    },
  };
}

/** A stored entry whose whole is read once and checked before its first part is given out. */
function checkedAccess(stored: RandomAccess, entry: Entry): RandomAccess {
  let checked: Promise<void> | undefined;
  const whole = async (): Promise<void> => {
    let crc = 0;
    for (let at = 0; at < stored.size; at += CHUNK)
      crc = crc32(await stored.read(at, Math.min(CHUNK, stored.size - at)), crc);
    checkCrc(stored, entry, crc);
  };
  return {
    name: stored.name,
    size: stored.size,
    async read(offset, length) {
      if (!checked && offset === 0 && length === stored.size) {
        const bytes = await stored.read(0, length);
        checkCrc(stored, entry, crc32(bytes));
        checked = Promise.resolve();
        return bytes;
      }
      if (length > 0) await (checked ??= whole());
      return stored.read(offset, length);
    },
  };
}

function checkCrc(access: RandomAccess, { filename, signature }: Entry, crc: number): void {
  if (!signature || signature >>> 0 === crc) return;
  throw fault(access, `the bytes of its entry ${printable(filename)} are not those that were saved (CRC-32)`);
}

async function inflate(stored: RandomAccess, entry: Entry): Promise<Uint8Array> {
  const out = new Uint8Array(entry.uncompressedSize);
  let at = 0;
  try {
    const reader = streamOf(stored).pipeThrough(new DecompressionStream("deflate-raw")).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      out.set(part.value, at); // throws if there is more data than the directory states
      at += part.value.length;
    }
  } catch {
    at = -1;
  }
  if (at !== out.length) throw fault(stored, `its entry ${printable(entry.filename)} cannot be inflated`);
  checkCrc(stored, entry, crc32(out));
  return out;
}

function streamOf(access: RandomAccess): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      // Small pieces: the stream inflates each as a whole, up to a thousandfold, before the next.
      const length = Math.min(1 << 14, access.size - at);
      if (length === 0) return controller.close();
      controller.enqueue((await access.read(at, length)) as Uint8Array<ArrayBuffer>);
      at += length;
    },
  });
}
