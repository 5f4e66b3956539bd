// Devices on paper: recordings for any adapter without a GPU, and fake storage.

import { loadGenerator } from "../../src/painting/open_net.ts";
import { buildLevels } from "../../src/labels/levels.ts";
import { labelCount, parseNormG, type Config } from "../../src/models/config.ts";
import { outputSize } from "../../src/models/kinds.ts";
import { resolutions } from "../../src/models/nets/generator.ts";
import { planLevel } from "../../src/painting/levels.ts";
import { Parameters } from "../../src/models/weights/parameters.ts";
import { GeneratorRunner } from "../../src/painting/runner.ts";
import { seededGenerator } from "../../src/models/weights/seeded.ts";
import { memorySource } from "../../src/models/weights/source.ts";
import { recordTrainingPass } from "../../src/models/nets/training_pass.ts";
import { Graph, Program, type Device, type DType, type Storage, type Target } from "../../src/runtime/index.ts";
import { vi } from "vitest";

export const paperStorage = (bytes: number, label = "paper"): Storage => ({
  buffer: { label, size: bytes } as GPUBuffer,
  offset: 0,
  bytes,
  label,
});

/** As much of a Device as recording needs. */
export function paperDevice(target: Target): Device {
  return {
    target,
    software: target.software,
    check: () => undefined,
    guard: async <T>(_: string, body: () => T) => body(),
    alloc: (label: string, bytes: number) => paperStorage(bytes, label),
    free: () => undefined,
    upload: () => undefined,
    gpu: { queue: { onSubmittedWorkDone: async () => undefined } },
    wait: <T>(promise: Promise<T>) => promise,
  } as unknown as Device;
}

/** The graphs that `body` would compile. Nothing is compiled, and its programs do nothing. */
export async function recordings(device: Device, body: () => Promise<unknown>): Promise<Graph[]> {
  const graphs: Graph[] = [];
  const compile = vi.spyOn(Program, "compile").mockImplementation(async (graph) => {
    graphs.push(graph);
    for (const [name, t] of graph.kept) t.storage = paperStorage(t.bytes, name);
    const nothing = (): void => undefined;
    return { device, run: nothing, setInput: nothing, dispose: nothing, begin: nothing } as unknown as Program;
  });
  try {
    await body();
    return graphs;
  } finally {
    compile.mockRestore();
  }
}

/** Every graph that a generator of this config records: prepare, tables, fc, image, and the training pass. */
export async function recordGenerator(
  config: Config,
  target: Target,
  dtype: DType,
  labels: (i: number) => number,
): Promise<Graph[]> {
  const device = paperDevice(target);
  const load = (): Promise<Parameters> =>
    loadGenerator(device, config, memorySource(seededGenerator(config, 1, 1)), dtype);
  const { h: height, w: width } = outputSize(config);
  const map = { data: Int32Array.from({ length: height * width }, (_, i) => labels(i)), width, height };
  const { k } = parseNormG(config.norm_G);
  const windows = buildLevels(
    [map],
    config.no_instance ? null : [map],
    { labelCount: labelCount(config), dontCare: null, edges: !config.no_instance },
    resolutions(config).map((r) => ({ ...r, k })),
  );
  const graphs = await recordings(device, async () => {
    const runner = await GeneratorRunner.create(device, config, await load());
    await runner.setMap(windows);
  });
  const train = new Graph(target);
  const plans = windows.map((lw) => planLevel(lw));
  const { image } = recordTrainingPass(train, config, await load(), plans, 1);
  train.output("image", image);
  return [...graphs, train];
}
