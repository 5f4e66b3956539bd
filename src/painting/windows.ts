// The dictionary of a net's maps at every resolution at which it reads labels.

import type { LabelMap } from "../labels/label_map.ts";
import { buildLevels, type LevelsScratch, type LiveLevels } from "../labels/levels.ts";
import type { LevelWindows } from "../labels/windows.ts";
import { labelSpace, type Config } from "../models/config.ts";
import { kindOf } from "../models/kinds.ts";

/**
 * The dictionary of a batch of maps of the net's size: one entry per resolution, the smallest first; `scratch` as in buildLevels. For a
 * net without tables it holds only the codes.
 */
export function windowsOf(
  config: Config,
  maps: readonly LabelMap[],
  instances: readonly LabelMap[] | null,
  scratch?: LevelsScratch,
): LevelWindows[] {
  return buildLevels(maps, instances, labelSpace(config), kindOf(config).levels(config), scratch);
}

/** The same from a live dictionary, which is kept from map to map. */
export function liveWindowsOf(
  config: Config,
  dictionary: LiveLevels,
  maps: readonly LabelMap[],
  instances: readonly LabelMap[] | null,
): LevelWindows[] {
  return dictionary.update(maps, instances, labelSpace(config), kindOf(config).levels(config));
}
