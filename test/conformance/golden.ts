// A reference case as make_goldens.py writes it: tensors named by role, config and seeds in the metadata.

import { openFile } from "../../src/formats/file.ts";
import { openSafetensors } from "../../src/formats/safetensors.ts";
import { toF32, type TensorSource } from "../../src/formats/tensors.ts";
import { defaultConfig, type Config } from "../../src/models/config.ts";
import { NET_G } from "../../src/models/kinds.ts";
import { seeded } from "../../src/models/weights/seeded.ts";

export interface Golden {
  readonly file: string;
  readonly names: readonly string[];
  readonly config: Config | undefined;
  /** Seed and gain of each net. */
  readonly seeds: Readonly<Record<string, { seed: number; gain: number }>>;
  /** Per net, parameters whose exact gradient is zero: what float32 gives for them is rounding, and is not compared. */
  readonly vanishing: Readonly<Record<string, readonly string[]>>;
  /** Per net, or per training step, parameters without a gradient. */
  readonly unused: Readonly<Record<string, readonly string[]>>;
  shape(name: string): readonly number[];
  f32(name: string): Promise<Float32Array>;
  i32(name: string): Promise<Int32Array>;
  has(name: string): boolean;
  close(): Promise<void>;
}

export async function openGolden(file: string): Promise<Golden> {
  const source: TensorSource = await openSafetensors(await openFile(file));
  const names = source.names();
  const { config, seeds, vanishing, unused, network } = source.metadata;
  // The published CLADE is a netG spade of another norm_mode.
  const kind = NET_G.find((name) => name === network);
  const f32 = async (name: string): Promise<Float32Array> => toF32(await source.read(name));
  return {
    file,
    names,
    config: config ? { ...defaultConfig, ...(JSON.parse(config) as Config), ...(kind && { netG: kind }) } : undefined,
    seeds: seeds ? (JSON.parse(seeds) as Golden["seeds"]) : {},
    vanishing: vanishing ? (JSON.parse(vanishing) as Golden["vanishing"]) : {},
    unused: unused ? (JSON.parse(unused) as Golden["unused"]) : {},
    shape: (name) => source.info(name).shape,
    f32,
    i32: async (name) => Int32Array.from(await f32(name)),
    has: (name) => names.includes(name),
    close: () => source.close(),
  };
}

/** The tensors under `state.<net>.`, by key. */
export async function storedState(
  golden: Golden,
  net: string,
): Promise<Map<string, { shape: number[]; data: Float32Array }>> {
  const prefix = `state.${net}.`;
  const out = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const name of golden.names)
    if (name.startsWith(prefix))
      out.set(name.slice(prefix.length), { shape: [...golden.shape(name)], data: await golden.f32(name) });
  return out;
}

/** [N,C,H,W] to [N,H,W,C]. */
export function nhwc(values: Float32Array, [n, c, h, w]: readonly number[]): Float32Array {
  const out = new Float32Array(values.length);
  for (let b = 0; b < n; b++)
    for (let ch = 0; ch < c; ch++)
      for (let p = 0; p < h * w; p++) out[(b * h * w + p) * c + ch] = values[(b * c + ch) * h * w + p];
  return out;
}

/** [N,H,W,C] to [N,C,H,W]. */
export function nchw(values: Float32Array, [n, h, w, c]: readonly number[]): Float32Array {
  const out = new Float32Array(values.length);
  for (let b = 0; b < n; b++)
    for (let p = 0; p < h * w; p++)
      for (let ch = 0; ch < c; ch++) out[(b * c + ch) * h * w + p] = values[(b * h * w + p) * c + ch];
  return out;
}

/** Norm and eight seeded projections of a tensor, as make_goldens.py keeps large ones. */
export function digest(name: string, values: Float32Array, shape: readonly number[]): Float32Array {
  let square = 0;
  for (const v of values) square += v * v;
  const dots = Array.from({ length: 8 }, (_, j) => {
    const s = seeded(`${name}#${j}`, shape, 1);
    let dot = 0;
    for (let i = 0; i < values.length; i++) dot += values[i] * s[i];
    return dot;
  });
  return Float32Array.of(Math.sqrt(square), ...dots);
}
