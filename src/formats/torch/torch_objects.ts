// The Python objects that a torch checkpoint may contain: storages, tensors on them, and containers. A pickle can use
// only the globals in the tables below; any other fails with an error that names it.

import { foreign, SpadeError } from "../../runtime/errors.ts";
import { COST, type Budget } from "../budget.ts";
import { extent } from "../ranges.ts";
import { PickleGlobal, PickleInvalid } from "./pickle.ts";
import type { PickleResolver, PickleValue } from "./pickle.ts";
import { itemSize } from "../tensors.ts";
import type { HostDType } from "../tensors.ts";

/** A contiguous array of elements; tensors are views of it. */
export interface TorchStorage {
  /** Its name in the file. */
  key: string;
  /** U8 for untyped storages, whose dtype is given by each tensor. */
  dtype: HostDType;
  untyped: boolean;
  /** Number of elements stored in the file under `key`. */
  count: number;
  /** Index of the first element, for a storage that is a view of another; else 0. */
  offset: number;
}

/** A tensor whose values are not read yet: a strided view of a storage. Shape, strides and offset in elements. */
export class TorchTensor {
  readonly storage: TorchStorage;
  readonly dtype: HostDType;
  readonly offset: number;
  readonly shape: number[];
  readonly strides: number[];

  constructor(storage: TorchStorage, dtype: HostDType, offset: PickleValue, shape: PickleValue, strides: PickleValue) {
    if (!isCount(offset) || !isCounts(shape) || !isCounts(strides) || shape.length !== strides.length) {
      throw new PickleInvalid("a tensor without a valid shape, strides and offset");
    }
    const bytes = storage.offset * itemSize(storage.dtype) + (offset + extent(shape, strides)) * itemSize(dtype);
    if (bytes > storage.count * itemSize(storage.dtype)) {
      throw new PickleInvalid(`a tensor [${shape.join(", ")}] that is larger than its storage of ${storage.count}`);
    }
    this.storage = storage;
    this.dtype = dtype;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

// torch's type names, as in torch.FloatStorage and torch.cuda.FloatTensor.
const TYPES: Record<string, HostDType> = {
  Double: "F64",
  Float: "F32",
  Half: "F16",
  BFloat16: "BF16",
  Long: "I64",
  Int: "I32",
  Short: "I16",
  Char: "I8",
  Byte: "U8",
  Bool: "BOOL",
};

const DTYPES: Record<string, HostDType> = {
  float64: "F64",
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint8: "U8",
  bool: "BOOL",
};

/** torch's storage type for a dtype, e.g. "FloatStorage". */
export function storageTypeOf(dtype: HostDType): string {
  return `${Object.keys(TYPES).find((k) => TYPES[k] === dtype)}Storage`;
}

/** The dtype of a global that names a storage or tensor type ("torch.cuda.FloatStorage"), or undefined. */
export function dtypeOfType(type: PickleValue): HostDType | undefined {
  const match = type instanceof PickleGlobal && /^torch\.(?:cuda\.)?(\w+?)(?:Storage|Tensor)$/.exec(type.name);
  return match && Object.hasOwn(TYPES, match[1]) ? TYPES[match[1]] : undefined;
}

export function isUntypedStorage(type: PickleValue): boolean {
  return type instanceof PickleGlobal && type.name.endsWith(".UntypedStorage");
}

export function isCount(v: PickleValue): v is number {
  return Number.isSafeInteger(v) && (v as number) >= 0;
}

function isCounts(v: PickleValue): v is number[] {
  return Array.isArray(v) && v.length <= 64 && v.every(isCount);
}

/** Makes a resolver for pickles without storages: a persistent id is an error. */
export function plainResolver(file: string, budget: Budget): PickleResolver {
  return torchResolver(file, budget, () => {
    throw new PickleInvalid("a storage where none belongs");
  });
}

/** Makes the resolver that holds the allow-list. Any other global fails with `unsupported`, and the error names it. */
export function torchResolver(
  file: string,
  budget: Budget,
  persistent: (id: PickleValue) => PickleValue,
): PickleResolver {
  // OrderedDict(pairs) copies its argument, and a hostile pickle can repeat that call for a few bytes each.
  const copied = <T>(items: Iterable<T> & { size?: number; length?: number }): Iterable<T> => {
    budget.spend(COST.entry * (items.size ?? items.length ?? 0));
    return items;
  };

  const calls: Record<string, (args: PickleValue[]) => PickleValue> = {
    "collections.OrderedDict": ([pairs]) => {
      if (pairs === undefined) return new Map();
      if (!Array.isArray(pairs) || !pairs.every((p) => Array.isArray(p) && p.length === 2))
        throw new PickleInvalid("an OrderedDict of what are not pairs");
      return new Map(copied(pairs as [PickleValue, PickleValue][]));
    },
    "collections.Counter": ([counts]) => (counts instanceof Map ? new Map(copied(counts)) : new Map()),
    "builtins.set": ([items]) => (Array.isArray(items) ? new Set(copied(items)) : new Set()),
    "torch.Size": ([sizes]) => sizes,
    "torch.device": ([device]) => device,
    "torch._utils._rebuild_tensor": ([storage, offset, shape, strides]) => tensor(storage, offset, shape, strides),
    "torch._utils._rebuild_tensor_v2": ([storage, offset, shape, strides]) => tensor(storage, offset, shape, strides),
    "torch._utils._rebuild_tensor_v3": ([storage, offset, shape, strides, , , dtype]) =>
      tensor(storage, offset, shape, strides, dtype),
    "torch._utils._rebuild_parameter": ([data]) => data,
    "torch._utils._rebuild_parameter_with_state": ([data]) => data,
    // (function, type, arguments, attributes): a tensor with Python attributes, which are dropped.
    "torch._tensor._rebuild_from_type_v2": ([callee, , args]) => {
      if (!(callee instanceof PickleGlobal) || !callee.call || !Array.isArray(args))
        throw new PickleInvalid("a tensor of an unknown type");
      return callee.call(args);
    },
  };
  calls["__builtin__.set"] = calls["builtins.set"];

  const names = new Set([
    "torch.Tensor",
    "torch.nn.parameter.Parameter",
    "torch.UntypedStorage",
    "torch.storage.UntypedStorage",
  ]);
  for (const dtype of Object.keys(DTYPES)) names.add(`torch.${dtype}`);
  for (const type of Object.keys(TYPES)) {
    for (const module of ["torch", "torch.cuda"]) names.add(`${module}.${type}Storage`).add(`${module}.${type}Tensor`);
  }

  return {
    budget,
    global(module, name) {
      const full = `${module}.${name}`;
      if (Object.hasOwn(calls, full)) return new PickleGlobal(full, calls[full]);
      if (names.has(full)) return new PickleGlobal(full);
      throw new SpadeError(
        "unsupported",
        file,
        `holds the Python object ${printable(full)}, which is not among the few that a checkpoint of tensors needs; nothing was run`,
        "save the tensors alone: torch.save(model.state_dict(), path)",
      );
    },
    persistent,
  };
}

function tensor(
  storage: PickleValue,
  offset: PickleValue,
  shape: PickleValue,
  strides: PickleValue,
  dtype?: PickleValue,
): TorchTensor {
  if (!isStorage(storage)) throw new PickleInvalid("a tensor without a storage");
  if (dtype === undefined) return new TorchTensor(storage, storage.dtype, offset, shape, strides);
  const name = dtype instanceof PickleGlobal ? dtype.name.slice("torch.".length) : "";
  if (!Object.hasOwn(DTYPES, name)) throw new PickleInvalid("a tensor of an unknown dtype");
  return new TorchTensor(storage, DTYPES[name], offset, shape, strides);
}

function isStorage(v: PickleValue): v is TorchStorage {
  return typeof v === "object" && v !== null && "key" in v && "untyped" in v;
}

/**
 * Reads a storage from a persistent id ("storage", type, key, location, count[, (view key, offset, count)]). Ignores
 * the location (cpu, cuda:0).
 */
export function storageFromId(id: PickleValue): TorchStorage {
  if (!Array.isArray(id) || id[0] !== "storage") throw new PickleInvalid("a persistent id that is not a storage");
  const [, type, key, , count, view] = id as PickleValue[];
  const untyped = isUntypedStorage(type);
  const dtype = untyped ? "U8" : dtypeOfType(type);
  if (!dtype || (typeof key !== "string" && !isCount(key)) || !isCount(count))
    throw new PickleInvalid("a storage without type, key and size");
  const storage = { key: String(key), dtype, untyped, count, offset: 0 };
  if (!Array.isArray(view)) return storage;
  const [, offset, viewed] = view as PickleValue[];
  if (!isCount(offset) || !isCount(viewed) || offset + viewed > count)
    throw new PickleInvalid("a view that is larger than its storage");
  return { ...storage, offset };
}

/** A dictionary's key as text. A container gives "?", because converting a deeply nested one may never end. */
export function keyName(key: PickleValue): string {
  return ["string", "number", "bigint", "boolean"].includes(typeof key) ? String(key) : "?";
}

/** Cleans a name from an untrusted file to fit in one line of a message. */
export function printable(text: string): string {
  return foreign(text, 100);
}
