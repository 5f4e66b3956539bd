// torch.save's format since 1.6: a zip of NAME/data.pkl and one entry NAME/data/KEY per storage, stored uncompressed
// and aligned to 64 bytes. zip.js reads the directory and handles zip64 and odd zips; values are read from the file by
// range.

import { SpadeError } from "../../runtime/errors.ts";
import { Budget, COST, parseJson } from "../budget.ts";
import type { PickleValue } from "./pickle.ts";
import { readPickle } from "./pickle_file.ts";
import type { TorchFile } from "./pth.ts";
import { METADATA_ENTRY } from "./pth_write.ts";
import { itemSize } from "../tensors.ts";
import type { RandomAccess } from "../tensors.ts";
import { printable, storageFromId, torchResolver } from "./torch_objects.ts";
import type { TorchStorage } from "./torch_objects.ts";
import { fault, openEntry } from "./zip_entry.ts";
import type { Entry, Inflated } from "./zip_entry.ts";

/** Reads a zip checkpoint. Fails with `file` if it is damaged or another zip, `unsupported` on a forbidden global. */
export async function readZip(access: RandomAccess): Promise<TorchFile> {
  const budget = new Budget(access);
  const entries = new Map((await readDirectory(access, budget)).map((e) => [e.filename, e]));
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
  const resolver = torchResolver(access.name, budget, (id: PickleValue) => {
    const storage = storageFromId(id);
    const known = declared.get(storage.key);
    if (!known || known.count * itemSize(known.dtype) < storage.count * itemSize(storage.dtype))
      declared.set(storage.key, storage);
    return storage;
  });
  const { value: root } = await readPickle(await open(pickleEntry), 0, resolver, pickleEntry.uncompressedSize);

  const storages = new Map<string, RandomAccess>();
  for (const [key, storage] of declared) {
    const entry = entries.get(`${folder}data/${key}`);
    if (!entry) throw fault(access, `storage ${printable(key)} is missing`);
    const bytes = storage.count * itemSize(storage.dtype);
    if (entry.uncompressedSize < bytes)
      throw fault(access, `storage ${printable(key)} has ${entry.uncompressedSize} bytes of ${bytes}`);
    storages.set(key, await open(entry));
  }
  return { root, storages, metadata: readMetadata(access, await text(METADATA_ENTRY), budget), budget };
}

async function readDirectory(access: RandomAccess, budget: Budget): Promise<Entry[]> {
  const { ZipReader } = await import("@zip.js/zip.js/lib/zip-core-reader.js");
  const reader = {
    size: access.size,
    readUint8Array: (offset: number, length: number) =>
      access.read(offset, Math.max(0, Math.min(length, access.size - offset))),
  };
  try {
    const entries: Entry[] = [];
    const options = { filenameValidation: "tolerant" } as const;
    for await (const entry of new ZipReader(reader as unknown as ReadableStream).getEntriesGenerator(options)) {
      budget.spend(COST.zipEntry);
      // zip.js's own objects take kilobytes each.
      const { filename, offset, compressedSize, uncompressedSize, compressionMethod, encrypted, signature } =
        entry as unknown as Entry;
      entries.push({ filename, offset, compressedSize, uncompressedSize, compressionMethod, encrypted, signature });
    }
    return entries;
  } catch (error) {
    if (error instanceof SpadeError) throw error;
    const problem = `its zip directory cannot be read (${printable((error as Error).message)})`;
    throw fault(access, problem);
  }
}

function readMetadata(access: RandomAccess, json: string | undefined, budget: Budget): Record<string, string> {
  if (json === undefined) return {};
  try {
    return Object.fromEntries(Object.entries(parseJson(json, budget) as object).map(([k, v]) => [k, String(v)]));
  } catch (error) {
    if (error instanceof SpadeError) throw error;
    throw fault(access, `its entry ${METADATA_ENTRY} is not JSON`);
  }
}
