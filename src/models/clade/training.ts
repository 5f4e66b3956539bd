// CLADE's generator in a training step: SPADE's blocks and first features, with CLADE's norms. For gradients it has the inputs "pixels WxH
// order", "pixels WxH rows" and "pixels WxH parts" (WxH a resolution): the pixels of each class.

import { pixelLists, pixelListShapes } from "../../labels/lists.ts";
import type { LevelWindows } from "../../labels/windows.ts";
import type { Lists } from "../../../kernels/parts/segments.ts";
import type { Graph, HostArray, Tensor } from "../../runtime/index.ts";
import { labelCount, parseNormG, type Config } from "../config.ts";
import { recordImage, resolutions } from "../nets/generator.ts";
import { firstListValues, listInputs, listValues } from "../nets/level_lists.ts";
import { levelKey } from "../nets/table_room.ts";
import { recordStart, trainingLayers, type TrainingPass } from "../nets/training_pass.ts";
import type { ParameterStore } from "../weights/parameters.ts";
import { cladeLayers, cladeValues } from "./layers.ts";

/** Records the pass. Its inputs are those of layers.ts and the lists, and "z" [N, z_dim] if a net with VAE is not given one. */
export function recordCladePass(
  g: Graph,
  c: Config,
  p: ParameterStore,
  images: number,
  options: { z?: Tensor; gradients?: boolean } = {},
): TrainingPass {
  const { table, ids, edges } = cladeLayers(g, c, p, images);
  const lists = new Map<string, Lists>();
  for (const { h, w } of options.gradients ? resolutions(c) : []) {
    const key = levelKey(h, w);
    lists.set(key, listInputs(g, `pixels ${key}`, pixelListShapes(images * h * w, labelCount(c))));
  }
  const listsOf = (h: number, w: number): { lists?: Lists } => ({ lists: lists.get(levelKey(h, w)) });
  const layers = { ...trainingLayers(g, c, p, { norm: parseNormG(c.norm_G), table, ids, lists: listsOf }), edges };
  const blocks = new Map<string, Tensor>();
  const image = recordImage(g, c, layers, recordStart(g, c, p, images, options), (name, y) => blocks.set(name, y));
  return { image, blocks, tables: [] };
}

/** Values of its inputs but z. @param options.positions as in cladeValues */
export function cladeTrainingValues(
  c: Config,
  windows: readonly LevelWindows[],
  { gradients, positions }: { gradients: boolean; positions?: Float32Array },
): Record<string, HostArray> {
  const values = cladeValues(c, windows, positions);
  if (!gradients) return values;
  for (const { images, h, w } of windows) {
    const key = levelKey(h, w);
    const outerIds = values[`ids ${key}`] as Int32Array;
    const lists = pixelLists({ images, h, w, outerIds, outerCount: labelCount(c) });
    Object.assign(values, listValues(`pixels ${key}`, lists));
  }
  return c.use_vae ? values : Object.assign(values, firstListValues(c, values.windows as Int32Array));
}
