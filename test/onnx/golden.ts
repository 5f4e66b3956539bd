// Generator cases of ../shared/reference/make_goldens.py as an exported model takes them: dense maps, one image a run.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { denseSemantics } from "../../bench/peers/semantics.ts";
import type { Config } from "../../src/models/config.ts";
import type { HostState } from "../../src/models/weights/seeded.ts";
import { seededGenerator } from "../../src/models/weights/seeded.ts";
import { openGolden, storedState } from "../conformance/golden.ts";

export interface GeneratorCase {
  config: Config;
  state: HostState;
  /** One entry an image of the batch; `expected` is its out.eval. */
  images: { seg: Float32Array; z?: Float32Array; expected: Float32Array }[];
}

/** The case of that name from the clone's fixtures, or else from the shared folder; undefined if neither holds it. */
export function goldenPath(name: string): string | undefined {
  const places = ["../fixtures/goldens/", "../fixtures/", "../../../shared/goldens/"];
  return places
    .map((p) => fileURLToPath(new URL(`${p}${name}.safetensors`, import.meta.url)))
    .find((p) => existsSync(p));
}

export async function readGeneratorCase(path: string): Promise<GeneratorCase> {
  const golden = await openGolden(path);
  try {
    const config = golden.config!;
    const { seed, gain } = golden.seeds.G;
    const state = seededGenerator(config, seed, gain);
    for (const [key, tensor] of await storedState(golden, "G")) if (state.has(key)) state.set(key, tensor);
    const [n, , h, w] = golden.shape("in.label");
    const [label, inst] = [await golden.i32("in.label"), await golden.i32("in.inst")];
    const z = golden.has("in.z") ? await golden.f32("in.z") : undefined;
    const expected = await golden.f32("out.eval");
    const part = <T extends Float32Array | Int32Array>(x: T, i: number): T =>
      x.subarray((i * x.length) / n, ((i + 1) * x.length) / n) as T;
    const images = Array.from({ length: n }, (_, i) => ({
      seg: denseSemantics(config, part(label, i), part(inst, i), w),
      z: z && part(z, i),
      expected: part(expected, i),
    }));
    for (const { expected } of images)
      if (expected.length !== 3 * h * w) throw new Error(`${path}: out.eval is not an image of the map's size`);
    return { config, state, images };
  } finally {
    await golden.close();
  }
}
