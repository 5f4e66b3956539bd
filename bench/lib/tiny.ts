// A small seeded generator as a file in memory.

import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { memorySink } from "../../src/formats/tensors.ts";
import { defaultConfig, type Config } from "../../src/models/config.ts";
import { seededGenerator } from "../../src/models/weights/seeded.ts";

export const TINY: Config = { ...defaultConfig, ngf: 4, label_nc: 4, crop_size: 64, use_vae: true, z_dim: 8 };

export async function tinyWeights(): Promise<Uint8Array> {
  const sink = memorySink();
  const tensors = [...seededGenerator(TINY, 3, 1)].map(([name, { shape, data }]) => ({
    name,
    dtype: "F32" as const,
    shape,
    async *data() {
      yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    },
  }));
  await writeSafetensors(sink, tensors, { config: JSON.stringify(TINY) });
  return sink.bytes();
}
