// Checkpoints of torch.save, in its three formats: a zip (since torch 1.6), a sequence of pickles and raw storages
// (before that), and a tar (torch 0.1). Each format's reader locates the storages; this file finds the tensors in them.
// Values are read by range on request, so a large file is never in memory as a whole.

import { foreign, SpadeError } from "../../runtime/errors.ts";
import { COST, listed, type Budget } from "../budget.ts";
import type { PickleValue } from "./pickle.ts";
import { rangeSource } from "../ranges.ts";
import type { TensorRange } from "../ranges.ts";
import { itemSize } from "../tensors.ts";
import type { RandomAccess, TensorSource } from "../tensors.ts";
import { withoutModule } from "../state_keys.ts";
import { keyName, printable, TorchTensor } from "./torch_objects.ts";

/** The result of each format's reader: the unpickled object, and the bytes of every storage by key. */
export interface TorchFile {
  root: PickleValue;
  storages: Map<string, RandomAccess>;
  metadata?: Record<string, string>;
  /** What the file may still make of itself. */
  budget: Budget;
}

/**
 * Makes a TensorSource from a checkpoint. Flattens nested dictionaries with dots and strips `module.` where every key
 * of a dictionary has it. `key` selects one nested dictionary ("state_dict", "models.G"). `notes` lists what was
 * dropped. Fails with `file` if there is no tensor, or a tensor exceeds the file.
 */
export function torchSource(access: RandomAccess, file: TorchFile, key?: string): TensorSource & { notes: string[] } {
  const root = key === undefined ? file.root : pick(access.name, file.root, key);
  const { tensors, others } = flatten(access.name, root, file.budget);
  const ranges = new Map<string, TensorRange>();
  for (const [name, { storage, dtype, offset, shape, strides }] of tensors) {
    const bytes = file.storages.get(storage.key);
    if (!bytes) {
      throw new SpadeError(
        "file",
        access.name,
        `storage ${printable(storage.key)} of tensor "${foreign(name, 100)}" is missing`,
        "the file is truncated or damaged: fetch or save it again",
      );
    }
    const start = storage.offset * itemSize(storage.dtype) + offset * itemSize(dtype);
    ranges.set(name, { dtype, shape, strides, start, access: bytes });
  }
  if (ranges.size === 0) {
    const found = others.count > 0 ? `it holds ${listed(others.first, others.count)}` : "it is empty";
    throw new SpadeError(
      "file",
      access.name,
      `no tensor in it: ${found}`,
      "give a checkpoint that torch.save(model.state_dict(), path) wrote",
    );
  }
  const notes = others.count > 0 ? [`left out, not tensors: ${listed(others.first, others.count)}`] : [];
  const nested =
    root instanceof Map ? [...root].filter(([, v]) => v instanceof Map && v.size > 0).map(([k]) => keyName(k)) : [];
  if (nested.length > 0) notes.push(`holds nested dictionaries: ${listed(nested)}; --key NAME reads one alone`);
  return { ...rangeSource(access.name, ranges, file.metadata ?? {}, async () => access.close?.()), notes };
}

/** Finds a nested dictionary by its key, or by keys joined with dots. */
function pick(file: string, root: PickleValue, path: string): PickleValue {
  let at = root;
  let rest = path;
  while (rest !== "") {
    const keys = at instanceof Map ? [...at.keys()].map(keyName) : [];
    // Keys may contain dots, so take the longest key that matches.
    const next = keys.filter((k) => rest === k || rest.startsWith(`${k}.`)).sort((a, b) => b.length - a.length)[0];
    if (next === undefined) {
      const have = keys.length > 0 ? `there are: ${listed(keys)}` : "it holds no dictionary there";
      throw new SpadeError("file", file, `no key "${path}" in it`, have);
    }
    at = [...(at as Map<PickleValue, PickleValue>)].find(([k]) => keyName(k) === next)?.[1];
    rest = rest.slice(next.length + 1);
  }
  return at;
}

/** Limits far above any real checkpoint. A hostile one may refer to the same dictionary very often. */
const MAX_DEPTH = 32;
const MAX_NODES = 1 << 20;

/** What is no tensor: how many there are, and the first names. */
interface Others {
  count: number;
  first: string[];
}

function flatten(
  file: string,
  root: PickleValue,
  budget: Budget,
): { tensors: Map<string, TorchTensor>; others: Others } {
  const tensors = new Map<string, TorchTensor>();
  const others: Others = { count: 0, first: [] };
  let nodes = 0;
  const fail = (problem: string): never => {
    throw new SpadeError("file", file, problem, "read a part of it with --key NAME, or save the state_dict alone");
  };
  const visit = (value: PickleValue, name: string, depth: number): void => {
    if (depth > MAX_DEPTH || ++nodes > MAX_NODES) fail("its dictionaries are nested too deeply");
    if (value instanceof TorchTensor) {
      const key = name === "" ? "tensor" : name;
      budget.spend(COST.tensor + COST.character * key.length);
      if (tensors.has(key)) fail(`two tensors in it are called "${printable(key)}"`);
      tensors.set(key, value);
      return;
    }
    const children: [PickleValue, PickleValue][] =
      value instanceof Map ? [...value] : Array.isArray(value) ? value.map((v, i) => [i, v]) : [];
    if (children.length === 0 && name !== "" && others.count++ < 8) others.first.push(name);
    const keys = children.map(([k]) => keyName(k));
    const short = withoutModule(keys);
    children.forEach(([, child], i) => visit(child, name === "" ? short[i] : `${name}.${short[i]}`, depth + 1));
  };
  visit(root, "", 0);
  return { tensors, others };
}
