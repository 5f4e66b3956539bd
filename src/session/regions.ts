// What a session does with a net that takes a style for each region (SEAN). The page's main entry leaves it out.

import { kindOf } from "../models/kinds.ts";
import {
  codesFor,
  decodeRegionStyles,
  regionCodes,
  regionStylesOf,
  type RegionStyles,
} from "../models/sean/region_styles.ts";
import { windowsOf } from "../painting/windows.ts";
import { SpadeError } from "../runtime/index.ts";
import type { Config } from "../models/config.ts";
import type { OpenNet } from "../painting/open_net.ts";
import type { LabelMap, NetInfo } from "./api.ts";

type Info = Pick<NetInfo, "labels" | "edges" | "dontCare"> & { regions?: NetInfo["regions"] };

/** What users are told about the regions of a net that has them. @param metadata of the file, with the mean styles */
export function regionInfo(config: Config, metadata: Readonly<Record<string, string>>): NetInfo["regions"] {
  const regions = kindOf(config).regions!(config);
  return { ...regions, mean: decodeRegionStyles(metadata.region_styles, regions, "weights, metadata region_styles") };
}

/** Codes of all labels, NaN for those without. @throws SpadeError usage, shape */
export const styleCodes = (style: unknown, { regions }: Info): Float32Array =>
  regionCodes(style as RegionStyles | undefined, regions!.mean, regions!, "generate({ style })");

/** The codes for a map. @throws SpadeError usage: one of its labels has none */
export function paintedCodes(
  codes: Float32Array,
  info: Info,
  map: LabelMap,
  instance: LabelMap | undefined,
): Float32Array {
  return codesFor(codes, info.regions!, info, map, instance);
}

/** The styles of a photo's regions. @param photo [1,H,W,3] in [-1,1], of the net's size @throws SpadeError unsupported, label */
export async function encodeRegions(
  { config, painter }: OpenNet,
  photo: Float32Array,
  map: LabelMap,
  instance: LabelMap | undefined,
): Promise<RegionStyles> {
  const regions = kindOf(config).regions?.(config);
  if (!regions || !painter.encode)
    throw new SpadeError("unsupported", "encodeRegions", "this net has no styles of regions", "take a net of SEAN");
  return regionStylesOf(await painter.encode(photo, windowsOf(config, [map], instance ? [instance] : null)), regions);
}
