// Tiny seeded generators as files in memory, and maps for them.

import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { memorySink } from "../../src/formats/tensors.ts";
import type { LabelMap } from "../../src/labels/label_map.ts";
import { defaultConfig, type Config } from "../../src/models/config.ts";
import { seededGenerator, type HostState } from "../../src/models/weights/seeded.ts";

export const vae: Config = { ...defaultConfig, ngf: 2, label_nc: 4, crop_size: 64, use_vae: true, z_dim: 8 };
export const plain: Config = { ...vae, use_vae: false, contain_dontcare_label: false, no_instance: true };

/** A state as a safetensors file. */
export async function stateFile(state: HostState, metadata: Record<string, string>): Promise<Uint8Array> {
  const sink = memorySink();
  const tensors = [...state].map(([name, { shape, data }]) => ({
    name,
    dtype: "F32" as const,
    shape,
    async *data() {
      yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    },
  }));
  await writeSafetensors(sink, tensors, metadata);
  return sink.bytes();
}

/** A seeded generator as a safetensors file. */
export function weights(config: Config): Promise<Uint8Array> {
  return stateFile(seededGenerator(config, 3, 1), { config: JSON.stringify(config) });
}

export function stripes(width: number, height: number, labels: number, of = 8): LabelMap {
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height }, (_, i) => Math.floor((i % width) / of) % labels),
  };
}

export function noise(width: number, height: number, labels: number, seed: number): LabelMap {
  const label = (i: number): number => (Math.imul(i + seed, 2654435761) >>> 16) % labels;
  return { width, height, data: Uint8Array.from({ length: width * height }, (_, i) => label(i)) };
}
