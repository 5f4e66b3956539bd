// torch.save's format since 1.6: a zip of NAME/data.pkl and one entry NAME/data/KEY per storage, stored uncompressed
// and aligned to 64 bytes. zip.js reads the directory and handles zip64 and odd zips; values are read from the file by
// range.

import { SpadeError } from "../../runtime/errors.ts";
import type { PickleValue } from "./pickle.ts";
import { readPickle } from "./pickle_file.ts";
import type { TorchFile } from "./pth.ts";
import { METADATA_ENTRY } from "./pth_write.ts";
import { checkRange, itemSize, subAccess } from "../tensors.ts";
import type { RandomAccess } from "../tensors.ts";
import { printable, storageFromId, torchResolver } from "./torch_objects.ts";
import type { TorchStorage } from "./torch_objects.ts";

export function looksLikeZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
}

interface Entry {
  filename: string;
  offset: number;
  compressedSize: number;
  uncompressedSize: number;
  compressionMethod: number;
  encrypted: boolean;
}

/** Reads a zip checkpoint. Fails with `file` if it is damaged or another zip, `unsupported` on a forbidden global. */
export async function readZip(access: RandomAccess): Promise<TorchFile> {
  const entries = new Map((await readDirectory(access)).map((e) => [e.filename, e]));
  const pickleName = [...entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name)) ?? "data.pkl";
  const pickleEntry = entries.get(pickleName);
  if (!pickleEntry) {
    const names = [...entries.keys()].slice(0, 5).map(printable).join(", ");
    throw fault(
      access,
      `is a zip archive and not a checkpoint: it holds ${names || "nothing"}`,
      "unpack it and give the .pth in it",
    );
  }
  const folder = pickleName.slice(0, -"data.pkl".length);
  if (entries.has(`${folder}constants.pkl`)) {
    throw new SpadeError(
      "unsupported",
      access.name,
      "is a TorchScript archive",
      "save its tensors: torch.save(model.state_dict(), path)",
    );
  }
  const inflated: Inflated = { entry: undefined, bytes: undefined };
  const open = (entry: Entry): Promise<RandomAccess> => openEntry(access, entry, inflated);
  const text = async (name: string): Promise<string | undefined> => {
    const entry = entries.get(folder + name);
    if (!entry) return undefined;
    if (entry.uncompressedSize > 1 << 24)
      throw fault(access, `its entry ${name} claims ${entry.uncompressedSize} bytes`);
    return new TextDecoder().decode(await (await open(entry)).read(0, entry.uncompressedSize));
  };
  if ((await text("byteorder")) === "big") {
    throw new SpadeError(
      "unsupported",
      access.name,
      "was saved on a big-endian machine",
      "save it again on a little-endian one",
    );
  }

  const declared = new Map<string, TorchStorage>();
  const resolver = torchResolver(access.name, (id: PickleValue) => {
    const storage = storageFromId(id);
    const known = declared.get(storage.key);
    if (!known || known.count * itemSize(known.dtype) < storage.count * itemSize(storage.dtype))
      declared.set(storage.key, storage);
    return storage;
  });
  const { value: root } = await readPickle(await open(pickleEntry), 0, resolver);

  const storages = new Map<string, RandomAccess>();
  for (const [key, storage] of declared) {
    const entry = entries.get(`${folder}data/${key}`);
    if (!entry) throw fault(access, `storage ${printable(key)} is missing`);
    const bytes = storage.count * itemSize(storage.dtype);
    if (entry.uncompressedSize < bytes)
      throw fault(access, `storage ${printable(key)} has ${entry.uncompressedSize} bytes of ${bytes}`);
    storages.set(key, await open(entry));
  }
  return { root, storages, metadata: readMetadata(access, await text(METADATA_ENTRY)) };
}

async function readDirectory(access: RandomAccess): Promise<Entry[]> {
  const { ZipReader } = await import("@zip.js/zip.js/lib/zip-core-reader.js");
  const reader = {
    size: access.size,
    readUint8Array: (offset: number, length: number) =>
      access.read(offset, Math.max(0, Math.min(length, access.size - offset))),
  };
  try {
    const entries = await new ZipReader(reader as unknown as ReadableStream).getEntries({
      filenameValidation: "tolerant",
    });
    return entries as unknown as Entry[];
  } catch (error) {
    if (error instanceof SpadeError) throw error;
    const problem = `its zip directory cannot be read (${printable((error as Error).message)})`;
    throw fault(access, problem);
  }
}

function readMetadata(access: RandomAccess, json: string | undefined): Record<string, string> {
  if (json === undefined) return {};
  try {
    return Object.fromEntries(Object.entries(JSON.parse(json) as object).map(([k, v]) => [k, String(v)]));
  } catch {
    throw fault(access, `its entry ${METADATA_ENTRY} is not JSON`);
  }
}

/** The last inflated entry. Only one is kept, so that a compressed file does not fill memory. */
interface Inflated {
  entry: Entry | undefined;
  bytes: Promise<Uint8Array> | undefined;
}

/**
 * Opens an entry for reads by range: a part of the file if stored (as torch writes it), else inflated on first read.
 */
async function openEntry(access: RandomAccess, entry: Entry, inflated: Inflated): Promise<RandomAccess> {
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
    return stored;
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
      if (inflated.entry !== entry) Object.assign(inflated, { entry, bytes: inflate(stored, entry) });
      return ((await inflated.bytes) as Uint8Array).slice(offset, offset + length);
    },
  };
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
  return out;
}

function streamOf(access: RandomAccess): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    async pull(controller) {
      const length = Math.min(1 << 20, access.size - at);
      if (length === 0) return controller.close();
      controller.enqueue((await access.read(at, length)) as Uint8Array<ArrayBuffer>);
      at += length;
    },
  });
}

function fault(
  access: RandomAccess,
  problem: string,
  fix = "the file is truncated or damaged: fetch or save it again",
): SpadeError {
  return new SpadeError("file", access.name, problem, fix);
}
