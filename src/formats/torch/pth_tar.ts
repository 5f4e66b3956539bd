// torch.save's format in torch 0.1: a tar of three members, which torch.serialization's legacy_load still reads.
//   storages  pickle of a count; for each a pickle of (id, location, type), i64 count of elements, raw bytes;
//             then a pickle of views [(id, id of the root, offset, count)]
//   tensors   pickle of a count; for each a pickle of (id, storage id, type), i32 ndim and four unused bytes,
//             ndim i64 sizes, ndim i64 strides, i64 offset
//   pickle    the object; its persistent ids are ids of tensors or of storages

import { SpadeError } from "../../runtime/errors.ts";
import { Budget, COST } from "../budget.ts";
import { PickleInvalid } from "./pickle.ts";
import type { PickleValue } from "./pickle.ts";
import { readPickle } from "./pickle_file.ts";
import type { TorchFile } from "./pth.ts";
import { itemSize, subAccess } from "../tensors.ts";
import type { RandomAccess } from "../tensors.ts";
import {
  dtypeOfType,
  isCount,
  keyName,
  plainResolver,
  printable,
  torchResolver,
  TorchTensor,
} from "./torch_objects.ts";
import type { TorchStorage } from "./torch_objects.ts";
import { windowed } from "./windowed.ts";

/** True if the first 512 bytes of a file are a tar header. */
export function looksLikeTar(head: Uint8Array): boolean {
  return head.length >= 265 && ascii(head, 257, 5) === "ustar";
}

/** Reads a tar checkpoint. Fails with `file` if it is damaged or another tar, `unsupported` on a forbidden global. */
export async function readTar(file: RandomAccess): Promise<TorchFile> {
  const access = windowed(file);
  const budget = new Budget(access);
  const members = await listMembers(access, budget);
  const [storageMember, tensorMember, pickleMember] = ["storages", "tensors", "pickle"].map((name) =>
    members.get(name),
  );
  if (!storageMember || !tensorMember || !pickleMember) {
    if (members.size === 0 || storageMember) return damaged(access, "is a tar archive that is cut off");
    const names = [...members.keys()].slice(0, 5).map(printable).join(", ");
    const fix = "unpack it (tar -xf) and give the .pth in it";
    throw new SpadeError("file", access.name, `is a tar archive and not a checkpoint: it holds ${names}`, fix);
  }
  const { storages, declared } = await readStorages(storageMember, budget);
  const tensors = await readTensors(tensorMember, declared, budget);
  const resolver = torchResolver(access.name, budget, (id: PickleValue) => {
    const object = tensors.get(keyName(id)) ?? declared.get(keyName(id));
    if (!object) throw new PickleInvalid("a tensor that the file does not hold");
    return object;
  });
  const { value } = await readPickle(pickleMember, 0, resolver);
  return { root: value, storages, budget };
}

/** Lists the members by name, as parts of the file. Stops at the first invalid header or truncated member. */
async function listMembers(access: RandomAccess, budget: Budget): Promise<Map<string, RandomAccess>> {
  const members = new Map<string, RandomAccess>();
  for (let at = 0; at + 512 <= access.size;) {
    const header = await access.read(at, 512);
    const size = parseInt(ascii(header, 124, 12), 8);
    if (!looksLikeTar(header) || !isCount(size) || at + 512 + size > access.size) break;
    budget.spend(COST.tensor);
    // Type "0" or NUL is a file. Others (PAX headers, folders, links) are skipped.
    if (header[156] === 0x30 || header[156] === 0)
      members.set(ascii(header, 0, 100).replace(/^\.\//, ""), subAccess(access, at + 512, size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return members;
}

interface Storages {
  declared: Map<string, TorchStorage>;
  storages: Map<string, RandomAccess>;
}

async function readStorages(member: RandomAccess, budget: Budget): Promise<Storages> {
  const plain = plainResolver(member.name, budget);
  const declared = new Map<string, TorchStorage>();
  const storages = new Map<string, RandomAccess>();
  const total = await readPickle(member, 0, plain, 1 << 10);
  let at = total.end;
  if (!isCount(total.value)) return damaged(member, "has no count of storages");
  for (let i = 0; i < total.value; i++) {
    const entry = await readPickle(member, at, plain, 1 << 10);
    const [id, , type] = Array.isArray(entry.value) ? (entry.value as PickleValue[]) : [];
    const dtype = dtypeOfType(type);
    if (!dtype) return damaged(member, "has a storage without a type");
    const count = await readInt64(member, entry.end);
    const bytes = count * itemSize(dtype);
    if (!isCount(count) || entry.end + 8 + bytes > member.size)
      return damaged(member, `claims a storage of ${count} elements and ends before`);
    budget.spend(2 * COST.tensor);
    const key = keyName(id);
    declared.set(key, { key, dtype, untyped: false, count, offset: 0 });
    storages.set(key, subAccess(member, entry.end + 8, bytes));
    at = entry.end + 8 + bytes;
  }
  const views = await readPickle(member, at, plain, 1 << 10);
  for (const view of Array.isArray(views.value) ? (views.value as PickleValue[]) : []) {
    const [id, rootId, offset, count] = Array.isArray(view) ? (view as PickleValue[]) : [];
    const root = declared.get(keyName(rootId));
    if (!root || !isCount(offset) || !isCount(count) || offset + count > root.count)
      return damaged(member, "has a view of no storage");
    budget.spend(COST.tensor);
    declared.set(keyName(id), { ...root, offset: root.offset + offset });
  }
  return { declared, storages };
}

async function readTensors(
  member: RandomAccess,
  storages: Map<string, TorchStorage>,
  budget: Budget,
): Promise<Map<string, TorchTensor>> {
  const plain = plainResolver(member.name, budget);
  const tensors = new Map<string, TorchTensor>();
  const total = await readPickle(member, 0, plain, 1 << 10);
  let at = total.end;
  if (!isCount(total.value)) return damaged(member, "has no count of tensors");
  for (let i = 0; i < total.value; i++) {
    const entry = await readPickle(member, at, plain, 1 << 10);
    const [id, storageId] = Array.isArray(entry.value) ? (entry.value as PickleValue[]) : [];
    const storage = storages.get(keyName(storageId));
    if (!storage) return damaged(member, "has a tensor without a storage");
    budget.spend(2 * COST.tensor);
    const bytes = await member.read(entry.end, 4);
    const ndim = new DataView(bytes.buffer, bytes.byteOffset, 4).getInt32(0, true);
    if (ndim < 0 || ndim > 64) return damaged(member, `has a tensor of ${ndim} dimensions`);
    const numbers: number[] = [];
    at = entry.end + 8;
    for (let k = 0; k < 2 * ndim + 1; k++, at += 8) numbers.push(await readInt64(member, at));
    try {
      tensors.set(
        keyName(id),
        new TorchTensor(
          storage,
          storage.dtype,
          numbers[2 * ndim],
          numbers.slice(0, ndim),
          numbers.slice(ndim, 2 * ndim),
        ),
      );
    } catch (error) {
      return damaged(member, `has ${(error as Error).message}`);
    }
  }
  return tensors;
}

async function readInt64(access: RandomAccess, at: number): Promise<number> {
  const bytes = await access.read(at, 8);
  return Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true));
}

function damaged(access: RandomAccess, problem: string): never {
  throw new SpadeError("file", access.name, problem, "the file is truncated or damaged: fetch it again");
}

/** Decodes a field that ends with NUL or spaces. */
function ascii(bytes: Uint8Array, from: number, length: number): string {
  const field = bytes.subarray(from, from + length);
  const end = field.indexOf(0);
  return String.fromCharCode(...field.subarray(0, end < 0 ? length : end)).trim();
}
