// An untrained net whose output is usable: seeded weights, ten power iterations per layer, then one training-mode pass whose batch
// statistics become the running ones. Without this nearly every pixel is -1 or 1. For the demo and the benches; pictures are only texture.

import { loadGenerator } from "./open_net.ts";
import type { LevelWindows } from "../labels/windows.ts";
import { Graph, Program, type Device } from "../runtime/index.ts";
import type { Config } from "../models/config.ts";
import { roomFor } from "./choose_room.ts";
import { powerIterate, seededGenerator, type HostState } from "../models/weights/seeded.ts";
import { memorySource } from "../models/weights/source.ts";
import { recordTrainingPass, trainingInputs } from "../models/nets/training_pass.ts";

const BUFFERS = /\.(running_mean|running_var|weight_u|weight_v)$/;

/**
 * @param windows the dictionary of one map, from buildLevels
 * @param z [z_dim] for nets with VAE; default: zeros
 * @returns the state under the published keys; u and v after eleven iterations, as in case_full of the reference recipe
 */
export async function calibratedState(
  device: Device,
  config: Config,
  seed: number,
  windows: readonly LevelWindows[],
  z?: Float32Array,
  onProgress?: (step: string) => void,
): Promise<HostState> {
  onProgress?.("weights from the seed");
  const state = seededGenerator(config, seed, 1);
  onProgress?.("power iterations");
  powerIterate(state, 10);
  onProgress?.("uploading");
  const p = await loadGenerator(device, config, memorySource(state), "f32");
  const plans = windows.map((lw) => roomFor(lw));
  const g = new Graph(device.target);
  const pass = recordTrainingPass(g, config, p, plans, 1, { momentum: 1 });
  g.output("image", pass.image);
  onProgress?.("compiling the calibration pass");
  const program = await Program.compile(g, device, { name: "calibration" });
  try {
    onProgress?.("setting the running statistics to this map's own");
    const { inputs, counts } = trainingInputs(config, plans, windows);
    if (config.use_vae) inputs.z = z ?? new Float32Array(config.z_dim);
    await program.run({ inputs, counts });
    for (const [key, t] of state)
      if (BUFFERS.test(key)) state.set(key, { shape: t.shape, data: (await p.read(key)).slice() });
  } finally {
    program.dispose();
    p.dispose();
  }
  return state;
}
