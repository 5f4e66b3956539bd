// The label side of a config: what a net takes as labels, and the dictionary of its maps at every resolution.

import type { LabelMap } from "../labels/label_map.ts";
import { buildLevels, type Level, type LevelsScratch } from "../labels/levels.ts";
import type { LevelWindows } from "../labels/windows.ts";
import { labelSpace, outputSize, parseNormG, type Config } from "../models/config.ts";
import { resolutions } from "../models/nets/generator.ts";

/**
 * The dictionary of a batch of maps of the net's size, one entry a resolution, the smallest first; `scratch` as in buildLevels. Of pix2pixHD
 * the codes at full size alone.
 */
export function windowsOf(
  config: Config,
  maps: readonly LabelMap[],
  instances: readonly LabelMap[] | null,
  scratch?: LevelsScratch,
): LevelWindows[] {
  return buildLevels(maps, instances, labelSpace(config), levelsOf(config), scratch);
}

function levelsOf(config: Config): Level[] {
  if (config.netG === "pix2pixhd") return [{ ...outputSize(config), k: 0 }];
  const { k } = parseNormG(config.norm_G);
  return resolutions(config).map((r) => ({ ...r, k }));
}
