// Checkpoints of every format: safetensors, and torch.save's zip, legacy pickle and tar; with everybody's names for the same keys, and the
// old forms in which torch stored spectral norm.

import { foreign, SpadeError } from "../runtime/errors.ts";
import { fromPix2pixHD, withoutModule, withoutParametrizations, withoutPrefix } from "./state_keys.ts";
import type { Names } from "./state_keys.ts";
import { checkHead, HEAD_BYTES, type Checkpoint, type OpenOptions, type Reader } from "./checkpoint.ts";
import { looksLikeSafetensors, openSafetensors } from "./safetensors.ts";
import { torchReaders } from "./torch/readers.ts";
import { elements, f32Tensor, toF32 } from "./tensors.ts";
import type { HostTensor, RandomAccess, TensorInfo, TensorSource } from "./tensors.ts";

const safetensorsReader: Reader = {
  looks: looksLikeSafetensors,
  async open(access, key) {
    const source = await openSafetensors(access);
    return { ...renamed(source, safetensorsNames(access.name, source.names(), key)), format: "safetensors", notes: [] };
  },
};

export const allReaders: readonly Reader[] = [...torchReaders, safetensorsReader];

/**
 * Opens a checkpoint in any format, detected from its first bytes, not its name. Strips a `module.` prefix
 * that all keys share, reads other names for the same keys (state_keys.ts), and completes older forms of spectral norm; notes say so. Fails
 * with `file` if the file is empty, truncated, damaged or not a checkpoint, and with `unsupported` on Python objects
 * other than tensors and containers. Closes `access` on failure.
 */
export async function openCheckpoint(access: RandomAccess, { key }: OpenOptions = {}): Promise<Checkpoint> {
  try {
    const head = await access.read(0, Math.min(HEAD_BYTES, access.size));
    checkHead(allReaders, access.name, head);
    const reader = allReaders.find((r) => r.looks(head))!;
    return completeSpectral(dropOldSpectral(known(await reader.open(access, key))));
  } catch (error) {
    await access.close?.();
    throw error;
  }
}

/** Maps the names shown to the caller (without `key.` and `module.`) to the names in the file. */
function safetensorsNames(file: string, names: string[], key: string | undefined): Map<string, string> {
  const prefix = key === undefined ? "" : `${key}.`;
  const chosen = names.filter((n) => n.startsWith(prefix));
  if (chosen.length === 0 && key !== undefined) {
    const groups = [...new Set(names.map((n) => n.split(".")[0]))].slice(0, 8).join(", ");
    throw new SpadeError("file", file, `no tensor's name begins with "${prefix}"`, `names begin with: ${groups}`);
  }
  const short = withoutModule(chosen.map((n) => n.slice(prefix.length)));
  return new Map(chosen.map((n, i) => [short[i], n]));
}

/** Makes a source with only some tensors, under new names. Unknown names go to `source`, which reports the error. */
function renamed<T extends TensorSource>(source: T, names: Map<string, string>): T {
  const inFile = (name: string): string => names.get(name) ?? name;
  return {
    ...source,
    names: () => [...names.keys()],
    info: (name: string) => source.info(inFile(name)),
    start: source.start && ((name: string) => source.start!(inFile(name))),
    read: (name: string) => source.read(inFile(name)),
    chunks: (name: string, maxBytes?: number) => source.chunks(inFile(name), maxBytes),
  };
}

/** Gives tensors the names that the engine knows: see state_keys.ts. */
function known(source: Checkpoint): Checkpoint {
  const notes = [...source.notes];
  let names: Names = new Map(source.names().map((name) => [name, name]));
  names = withoutParametrizations(withoutPrefix(names, notes));
  names = fromPix2pixHD(names, (name) => source.info(names.get(name)!).shape, notes);
  return { ...renamed(source, names), notes };
}

/**
 * Drops _orig and _u of spectral norm's old form. torch up to 1.0.0 stored weight_orig, weight_u and the buffer weight
 * = weight_orig / sigma, but no weight_v; inference needs only `weight`. Newer files (orig, u, v) stay unchanged.
 */
function dropOldSpectral(source: Checkpoint): Checkpoint {
  const all = new Set(source.names());
  const notes = [...source.notes];
  const dropped = new Set<string>();
  for (const name of all) {
    if (!name.endsWith("weight_orig")) continue;
    const weight = name.slice(0, -"_orig".length);
    const has = (suffix: string): boolean => all.has(weight + suffix);
    if (has("_u") && has("_v")) continue;
    if (has("")) dropped.add(name).add(`${weight}_u`);
    else if (!has("_u")) notes.push(`${weight}: spectral norm without ${weight}_u or a normalised ${weight}`);
  }
  if (dropped.size === 0) return { ...source, notes };
  const count = [...dropped].filter((n) => n.endsWith("_orig")).length;
  notes.push(
    `spectral norm as torch <= 1.0.0 stored it: ${count} weights kept already divided by sigma, their _orig and _u left out`,
  );
  return { ...renamed(source, new Map([...all].filter((n) => !dropped.has(n)).map((n) => [n, n]))), notes };
}

/**
 * Computes the weight_v that torch did not store before 1.1: one step of its power iteration, v = W^T u / |W^T u|, with which
 * sigma = u W v is |W^T u|.
 */
function completeSpectral(source: Checkpoint): Checkpoint {
  const all = new Set(source.names());
  const made = new Map<string, string>();
  for (const name of all) {
    const base = name.endsWith("weight_u") ? name.slice(0, -"_u".length) : undefined;
    if (base !== undefined && all.has(`${base}_orig`) && !all.has(`${base}_v`)) made.set(`${base}_v`, base);
  }
  if (made.size === 0) return source;
  const compute = async (base: string): Promise<HostTensor> => {
    const [orig, u] = [await source.read(`${base}_orig`), await source.read(`${base}_u`)];
    const v = leftTimes(toF32(orig), orig.shape, toF32(u));
    if (v) return f32Tensor([v.length], v);
    throw new SpadeError(
      "shape",
      `weights, key ${foreign(base, 100)}_u`,
      `has ${toF32(u).length} values, and ${foreign(base, 100)}_orig is [${orig.shape.join(",")}]`,
      "save the whole state_dict again: torch.save(net.state_dict(), path)",
    );
  };
  const info = (base: string): TensorInfo => {
    const { shape } = source.info(`${base}_orig`);
    const [side] = source.info(`${base}_u`).shape;
    return { dtype: "F32", shape: [elements(shape) / (side || 1)] };
  };
  return {
    ...source,
    notes: [
      ...source.notes,
      `spectral norm without weight_v, as torch before 1.1 saved it: ${made.size} computed from weight_orig and weight_u`,
    ],
    names: () => [...all, ...made.keys()],
    info: (name) => (made.has(name) ? info(made.get(name)!) : source.info(name)),
    start: source.start && ((name) => source.start!(made.has(name) ? `${made.get(name)!}_orig` : name)),
    read: (name) => (made.has(name) ? compute(made.get(name)!) : source.read(name)),
    async *chunks(name, maxBytes) {
      if (made.has(name)) yield (await compute(made.get(name)!)).data;
      else yield* source.chunks(name, maxBytes);
    },
  };
}

/** u W, normalised; W has u's length in its first dimension, or in its second (transposed convs). Undefined if in neither. */
function leftTimes(w: Float32Array, shape: readonly number[], u: Float32Array): Float32Array | undefined {
  const [first, second = 0] = shape;
  const turned = u.length !== first;
  if (u.length === 0 || (turned && u.length !== second)) return undefined;
  const width = w.length / u.length;
  const rest = turned ? w.length / (first * second) : width;
  const v = new Float64Array(width);
  for (let i = 0; i < w.length; i++) {
    const at = Math.floor(i / rest);
    const row = turned ? at % second : at;
    const column = turned ? Math.floor(at / second) * rest + (i % rest) : i % rest;
    v[column] += u[row] * w[i];
  }
  const length = Math.max(Math.sqrt(v.reduce((sum, x) => sum + x * x, 0)), 1e-12);
  return Float32Array.from(v, (x) => x / length);
}
