// The generator's training-mode forward pass as one recording: tables, power iterations, batch statistics, picture. Running
// statistics, u and v are updated in place, as every training-mode forward of the published code does.

import type { ModulateArgs } from "../../../kernels/modulate.ts";
import { labelLists, labelListShapes } from "../../labels/lists.ts";
import type { LevelWindows } from "../../labels/windows.ts";
import type { Graph, HostArray, Tensor } from "../../runtime/index.ts";
import { latentSize, parseNormG, type Config } from "../config.ts";
import { normsAt, recordFirst, recordImage, recordNormTables, trainingLayers, type LevelInputs } from "./generator.ts";
import { edgeRow, levelKey, type LevelPlan } from "./level_plan.ts";
import { labelChannels, levelListInputs, levelListValues, listInputs, listValues } from "./level_lists.ts";
import type { Parameters } from "../weights/parameters.ts";
import { pixelWindows } from "../../labels/pixel_windows.ts";

export interface TrainingPassOptions {
  /** Of the running statistics: as published if left out. */
  momentum?: number;
  /** [N, z_dim] from elsewhere in the graph (the encoder); an input "z" if left out. */
  z?: Tensor;
  /** Take the lists that the gradients of the label path need. */
  gradients?: boolean;
}

export interface TrainingPass {
  image: Tensor;
  /** Output of every block. */
  blocks: Map<string, Tensor>;
  /** gamma and beta of every norm. */
  tables: Tensor[];
}

/**
 * Inputs of the recording: "z" [N, z_dim] or "windows" [N*h*w, 9], and a level's windows under "inner WxH", "outer WxH", "ids WxH";
 * see trainingInputs.
 */
export function recordTrainingPass(
  g: Graph,
  c: Config,
  p: Parameters,
  plans: readonly LevelPlan[],
  images: number,
  options: TrainingPassOptions = {},
): TrainingPass {
  const { k } = parseNormG(c.norm_G);
  const levels = new Map<string, [LevelPlan, LevelInputs]>();
  const ids = new Map<string, Tensor>();
  const lists = new Map<string, Pick<ModulateArgs, "lists" | "count">>();
  for (const plan of plans) {
    const key = levelKey(plan.h, plan.w);
    const inputs: LevelInputs = { innerWindows: g.input(`inner ${key}`, [plan.inner.capacity, k * k], "i32", true) };
    if (plan.mode === "lookup")
      inputs.outerWindows = g.input(`outer ${key}`, [plan.outer.capacity, k * k], "i32", true);
    else inputs.innerIds = g.input(`inner ids ${key}`, [images, plan.h, plan.w], "i32");
    if (options.gradients) {
      inputs.lists = levelListInputs(g, c, plan, images);
      lists.set(key, { lists: inputs.lists.pixels, count: plan.outer });
    }
    ids.set(key, g.input(`ids ${key}`, [images, plan.h, plan.w], "i32"));
    for (const name of normsAt(c, plan)) levels.set(name, [plan, inputs]);
  }
  const blocks = new Map<string, Tensor>();
  const tables: Tensor[] = [];
  const layers = trainingLayers(
    g,
    c,
    p,
    (name) => {
      const made = recordNormTables(g, c, p, name, ...levels.get(name)!);
      tables.push(made.gamma, made.beta);
      return made;
    },
    (h, w) => ids.get(levelKey(h, w))!,
    options.momentum,
    (h, w) => lists.get(levelKey(h, w)) ?? {},
  );
  const image = recordImage(g, c, layers, recordStart(g, c, p, images, options), (name, y) => blocks.set(name, y));
  return { image, blocks, tables };
}

/** fc on its inputs. */
function recordStart(
  g: Graph,
  c: Config,
  p: Parameters,
  images: number,
  { z, gradients }: TrainingPassOptions,
): Tensor {
  if (c.use_vae) return recordFirst(g, c, p, { z: z ?? g.input("z", [images, c.z_dim]), images });
  const { h, w } = latentSize(c);
  const rows = images * h * w;
  const lists = gradients
    ? listInputs(g, "labels fc", labelListShapes(rows, FC_TAPS, labelChannels(c), edgeRow(c) >= 0))
    : undefined;
  return recordFirst(g, c, p, { windows: g.input("windows", [rows, FC_TAPS], "i32"), lists, images });
}

/** fc of a net without VAE is a 3x3 convolution of the label map. */
const FC_TAPS = 9;

/** Values of a recording's inputs by name, and its counts. */
export interface TrainingInputs {
  inputs: Record<string, HostArray>;
  counts: Record<string, number>;
}

/** Those of recordTrainingPass for a batch's dictionary. */
export function trainingInputs(
  c: Config,
  plans: readonly LevelPlan[],
  windows: readonly LevelWindows[],
  options: Pick<TrainingPassOptions, "gradients"> = {},
): TrainingInputs {
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
    if (options.gradients) Object.assign(inputs, levelListValues(c, plan, lw));
  });
  if (!c.use_vae) {
    const { h, w } = latentSize(c);
    inputs.windows = pixelWindows(windows[0].codes, windows[0].images, h, w);
    const rows = inputs.windows.length / FC_TAPS;
    const labels = { count: rows, taps: FC_TAPS, channels: labelChannels(c), edgeRow: edgeRow(c) };
    if (options.gradients)
      Object.assign(inputs, listValues("labels fc", labelLists(inputs.windows as Int32Array, labels)));
  }
  return { inputs, counts };
}
