// The generator's training-mode forward pass as one recording: tables, power iterations, batch statistics, picture. It
// updates the running statistics, u and v in place, as every training-mode forward pass in upstream does.

import type { ModulateArgs } from "../../../kernels/norm/modulate.ts";
import type { LevelWindows } from "../../labels/windows.ts";
import type { Graph, Tensor } from "../../runtime/index.ts";
import type { Config } from "../config.ts";
import type { ParameterStore } from "../weights/parameters.ts";
import { normsAt, recordFirst, recordImage, recordNormTables, trainingLayers } from "./generator.ts";
import {
  firstInputs,
  firstValues,
  idsInput,
  idsValue,
  levelInputs,
  levelListValues,
  levelValues,
  type LevelInputs,
  type LevelValues,
} from "./level_inputs.ts";
import { levelKey, type TableRoom } from "./table_room.ts";

export interface TrainingPassOptions {
  /** Momentum of the running statistics. Default: upstream's. */
  momentum?: number;
  /** z [N, z_dim] from another part of the graph (the encoder). Default: an input "z". */
  z?: Tensor;
  /** Whether to declare inputs for the lists that the gradients of the label path need. */
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
 * Records the pass. Its inputs are "z" [N, z_dim] and those of level_inputs.ts, whose values trainingInputs returns.
 */
export function recordTrainingPass(
  g: Graph,
  c: Config,
  p: ParameterStore,
  rooms: readonly TableRoom[],
  images: number,
  options: TrainingPassOptions = {},
): TrainingPass {
  const levels = new Map<string, [TableRoom, LevelInputs]>();
  const ids = new Map<string, Tensor>();
  const lists = new Map<string, Pick<ModulateArgs, "lists" | "count">>();
  for (const room of rooms) {
    const key = levelKey(room.h, room.w);
    const inputs = levelInputs(g, c, room, images, { gradients: options.gradients });
    if (inputs.lists) lists.set(key, { lists: inputs.lists.pixels, count: room.outer });
    ids.set(key, idsInput(g, room, images));
    for (const name of normsAt(c, room)) levels.set(name, [room, inputs]);
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

/** Declares the inputs of fc and records it. */
function recordStart(
  g: Graph,
  c: Config,
  p: ParameterStore,
  images: number,
  { z, gradients }: TrainingPassOptions,
): Tensor {
  if (c.use_vae) return recordFirst(g, c, p, { z: z ?? g.input("z", [images, c.z_dim]), images });
  return recordFirst(g, c, p, { ...firstInputs(g, c, images, gradients), images });
}

/** Values of recordTrainingPass's inputs (except z) and counts, from a batch's dictionary of windows. */
export function trainingInputs(
  c: Config,
  rooms: readonly TableRoom[],
  windows: readonly LevelWindows[],
  { gradients = false }: Pick<TrainingPassOptions, "gradients"> = {},
): LevelValues {
  const out: LevelValues = { inputs: {}, counts: {} };
  rooms.forEach((room, i) => {
    const { inputs, counts } = levelValues(room, windows[i]);
    Object.assign(out.inputs, inputs, idsValue(room, windows[i]));
    Object.assign(out.counts, counts);
    if (gradients) Object.assign(out.inputs, levelListValues(c, room, windows[i]));
  });
  if (!c.use_vae) Object.assign(out.inputs, firstValues(c, windows[0], gradients));
  return out;
}
