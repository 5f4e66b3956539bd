// torch.save's format before 1.6: pickles of a magic number, a protocol version, the machine's byte order, the object
// and the keys of its storages; then each storage as an i64 count of elements and its raw bytes.

import { SpadeError } from "../../runtime/errors.ts";
import { Budget, COST } from "../budget.ts";
import { PickleInvalid } from "./pickle.ts";
import type { PickleValue } from "./pickle.ts";
import { readPickle } from "./pickle_file.ts";
import type { TorchFile } from "./pth.ts";
import { itemSize, subAccess } from "../tensors.ts";
import type { RandomAccess } from "../tensors.ts";
import { keyName, plainResolver, printable, storageFromId, torchResolver } from "./torch_objects.ts";
import type { TorchStorage } from "./torch_objects.ts";

const MAGIC = 0x1950a86a20f9469cfc6cn;
/** The magic number's ten bytes, little-endian; their position depends on the pickle protocol. */
const MAGIC_BYTES = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/** True if the first bytes of a file are a pickle of torch's magic number. */
export function looksLegacy(head: Uint8Array): boolean {
  for (let at = 0; at + MAGIC_BYTES.length <= Math.min(head.length, 32); at++) {
    if (MAGIC_BYTES.every((b, i) => head[at + i] === b)) return head[0] === 0x80;
  }
  return false;
}

/**
 * Reads a legacy file. Fails with `file` if it is damaged or truncated, `unsupported` on a global that is not allowed.
 */
export async function readLegacy(access: RandomAccess): Promise<TorchFile> {
  const budget = new Budget(access);
  const plain = plainResolver(access.name, budget);
  const fail = (problem: string): never => {
    throw new SpadeError("file", access.name, problem, "the file is truncated or damaged: fetch or save it again");
  };
  const magic = await readPickle(access, 0, plain, 1 << 10);
  if (magic.value !== MAGIC) return fail("does not begin with torch's magic number");
  const version = await readPickle(access, magic.end, plain, 1 << 10);
  if (version.value !== 1001) return fail("has an unknown version of torch's format");
  const system = await readPickle(access, version.end, plain, 1 << 10);
  if (system.value instanceof Map && system.value.get("little_endian") === false) {
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
    if (known && (known.dtype !== storage.dtype || known.count !== storage.count))
      throw new PickleInvalid(`two storages under the key ${printable(storage.key)}`);
    declared.set(storage.key, storage);
    return storage;
  });
  const root = await readPickle(access, system.end, resolver);
  const keys = await readPickle(access, root.end, plain);
  if (!Array.isArray(keys.value)) return fail("has no list of storages");

  const storages = new Map<string, RandomAccess>();
  let at = keys.end;
  for (const key of keys.value.map(keyName)) {
    const storage = declared.get(key);
    if (!storage) return fail(`has a storage ${printable(key)} that no tensor names`);
    if (at + 8 > access.size) return fail(`ends before storage ${storages.size + 1} of ${keys.value.length}`);
    const head = await access.read(at, 8);
    const count = Number(new DataView(head.buffer, head.byteOffset, 8).getBigInt64(0, true));
    if (count !== storage.count)
      return fail(`storage ${printable(key)} has ${count} elements, and its tensors say ${storage.count}`);
    budget.spend(COST.tensor);
    const bytes = count * itemSize(storage.dtype);
    if (at + 8 + bytes > access.size) {
      return fail(
        `ends within storage ${storages.size + 1} of ${keys.value.length}, ${at + 8 + bytes - access.size} bytes too early`,
      );
    }
    storages.set(key, subAccess(access, at + 8, bytes));
    at += 8 + bytes;
  }
  return { root: root.value, storages, budget };
}
