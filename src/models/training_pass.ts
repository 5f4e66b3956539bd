// The generator's training-mode forward pass as one recording: tables, power iterations, batch statistics, picture. Running
// statistics, u and v are updated in place, as every training-mode forward of the published code does.

import type { LevelWindows } from "../labels/windows.ts";
import type { Graph, HostArray, Tensor } from "../runtime/index.ts";
import { latentSize, parseNormG, type Config } from "./config.ts";
import { levelKey, recordFirst, recordImage, recordTables, trainingLayers, type LevelInputs, type LevelPlan } from "./generator.ts";
import type { Parameters } from "./parameters.ts";

export interface TrainingPass {
  image: Tensor;
  /** Output of every block. */
  blocks: Map<string, Tensor>;
}

/**
 * Inputs of the recording: "z" [N, z_dim] or "windows" [N*h*w, 9], and a level's windows under "inner WxH", "outer WxH", "ids WxH";
 * see trainingInputs. `momentum` of the running statistics: as published if left out. `z`: a tensor of the graph in place of the input.
 */
export function recordTrainingPass(g: Graph, c: Config, p: Parameters, plans: readonly LevelPlan[], images: number, momentum?: number, z?: Tensor): TrainingPass {
  const { k } = parseNormG(c.norm_G);
  const tables = new Map<string, { gamma: Tensor; beta: Tensor }>();
  const ids = new Map<string, Tensor>();
  for (const plan of plans) {
    const key = levelKey(plan.h, plan.w);
    const inputs: LevelInputs = { innerWindows: g.input(`inner ${key}`, [plan.inner.capacity, k * k], "i32", true) };
    if (plan.mode === "lookup") inputs.outerWindows = g.input(`outer ${key}`, [plan.outer.capacity, k * k], "i32", true);
    else inputs.innerIds = g.input(`inner ids ${key}`, [images, plan.h, plan.w], "i32");
    ids.set(key, g.input(`ids ${key}`, [images, plan.h, plan.w], "i32"));
    for (const [name, t] of recordTables(g, c, p, plan, inputs)) tables.set(name, t);
  }
  const { h, w } = latentSize(c);
  const first = recordFirst(g, c, p, c.use_vae ? { z: z ?? g.input("z", [images, c.z_dim]), images } : { windows: g.input("windows", [images * h * w, 9], "i32"), images });
  const blocks = new Map<string, Tensor>();
  const image = recordImage(g, c, trainingLayers(g, c, p, tables, (hh, ww) => ids.get(levelKey(hh, ww))!, momentum), first, (name, y) => blocks.set(name, y));
  return { image, blocks };
}

/** Values of the inputs, and the counts, for a batch's dictionary. */
export function trainingInputs(plans: readonly LevelPlan[], windows: readonly LevelWindows[]): { inputs: Record<string, HostArray>; counts: Record<string, number> } {
  const inputs: Record<string, HostArray> = {};
  const counts: Record<string, number> = {};
  plans.forEach((plan, i) => {
    const lw = windows[i];
    const key = levelKey(plan.h, plan.w);
    inputs[`inner ${key}`] = lw.innerWindows;
    counts[plan.inner.name] = lw.innerCount;
    if (plan.mode === "lookup") {
      inputs[`outer ${key}`] = lw.outerWindows;
      inputs[`ids ${key}`] = lw.outerIds;
      counts[plan.outer.name] = lw.outerCount;
    } else {
      inputs[`inner ids ${key}`] = lw.innerIds;
      inputs[`ids ${key}`] = Int32Array.from({ length: lw.innerIds.length }, (_, j) => j);
      counts[plan.outer.name] = plan.outer.capacity;
    }
  });
  return { inputs, counts };
}
