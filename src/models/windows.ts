// The label side of a config: what a net takes as labels, and the dictionary of its maps at every resolution.

import type { LabelMap } from "../labels/label_map.ts";
import { buildLevels, type LevelsScratch } from "../labels/levels.ts";
import type { LevelWindows } from "../labels/windows.ts";
import { labelSpace, parseNormG, type Config } from "./config.ts";
import { resolutions } from "./generator.ts";

/** The dictionary of a batch of maps of the net's size, one entry a resolution, the smallest first; `scratch` as in buildLevels. */
export function windowsOf(
  config: Config,
  maps: readonly LabelMap[],
  instances: readonly LabelMap[] | null,
  scratch?: LevelsScratch,
): LevelWindows[] {
  const { k } = parseNormG(config.norm_G);
  const levels = resolutions(config).map((r) => ({ ...r, k }));
  return buildLevels(maps, instances, labelSpace(config), levels, scratch);
}
