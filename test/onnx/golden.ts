// Reference cases of ../shared/reference/make_goldens.py, as far as an exported generator needs them.

import { existsSync, readFileSync } from "node:fs";
import type { Config } from "../../src/models/config.ts";
import { defaultConfig, labelCount, semanticNc } from "../../src/models/config.ts";
import type { HostState } from "../../src/models/seeded.ts";
import { seededGenerator } from "../../src/models/seeded.ts";

export interface GeneratorCase {
  config: Config;
  state: HostState;
  /** One entry an image of the batch. */
  images: { seg: Float32Array; z?: Float32Array; expected: Float32Array }[];
}

/** The case of that name from the clone's fixtures, or else from the shared folder; undefined if neither holds it. */
export function goldenPath(name: string): string | undefined {
  const places = ["../fixtures/goldens/", "../fixtures/", "../../../shared/goldens/"];
  return places.map((p) => new URL(`${p}${name}.safetensors`, import.meta.url).pathname).find((p) => existsSync(p));
}

export function readGeneratorCase(path: string): GeneratorCase {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, start));
  const bytes = (key: string): ArrayBuffer => {
    const [from, to] = header[key].data_offsets;
    return Uint8Array.from(file.subarray(start + from, start + to)).buffer;
  };
  const config = { ...defaultConfig, ...JSON.parse(header.__metadata__.config) } as Config;
  const { seed, gain } = JSON.parse(header.__metadata__.seeds).G;
  const state = seededGenerator(config, seed, gain);
  for (const [key, tensor] of state) {
    const stored = header[`state.G.${key}`];
    if (stored) state.set(key, { shape: tensor.shape, data: new Float32Array(bytes(`state.G.${key}`)) });
  }
  const [n, , h, w] = header["in.label"].shape;
  const label = new Int32Array(bytes("in.label"));
  const inst = new Int32Array(bytes("in.inst"));
  const z = header["in.z"] ? new Float32Array(bytes("in.z")) : undefined;
  const expected = new Float32Array(bytes("out.eval"));
  const images = Array.from({ length: n }, (_, i) => ({
    seg: semantics(config, label.subarray(i * h * w, (i + 1) * h * w), inst.subarray(i * h * w, (i + 1) * h * w), w),
    z: z?.subarray(i * config.z_dim, (i + 1) * config.z_dim),
    expected: expected.subarray(i * 3 * h * w, (i + 1) * 3 * h * w),
  }));
  return { config, state, images };
}

/** The dense semantic input: one-hot labels with don't-care, then 1 where a 4-neighbour is another instance. */
export function semantics(config: Config, label: Int32Array, inst: Int32Array, width: number): Float32Array {
  const size = label.length;
  const seg = new Float32Array(semanticNc(config) * size);
  for (let p = 0; p < size; p++) seg[label[p] * size + p] = 1;
  if (config.no_instance) return seg;
  const edge = labelCount(config) * size;
  for (let p = 0; p < size; p++) {
    if (p % width && inst[p] !== inst[p - 1]) seg[edge + p] = seg[edge + p - 1] = 1;
    if (p >= width && inst[p] !== inst[p - width]) seg[edge + p] = seg[edge + p - width] = 1;
  }
  return seg;
}
