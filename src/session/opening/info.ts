// What users are told about a net.

import type { LabelInfo, NetInfo } from "../api.ts";
import { labelCount, labelSpace, type Config } from "../../models/config.ts";
import { kindOf, outputSize, strideOf } from "../../models/kinds.ts";
import { decodePresets } from "../../models/presets.ts";
import { regionInfo } from "../regions.ts";
import type { NetWeights } from "../../painting/open_net.ts";
import { labelHex } from "../../pictures/colors.ts";

/** @param metadata of the file, with the presets of its styles */
export function netInfo(
  { config, labels, guessed = [] }: Pick<NetWeights, "config" | "labels" | "guessed">,
  metadata: Readonly<Record<string, string>>,
): NetInfo {
  const { h, w } = outputSize(config);
  const { dontCare, edges } = labelSpace(config);
  const dim = kindOf(config).styleLength(config);
  return {
    width: w,
    height: h,
    stride: strideOf(config),
    labels: labels ? [...labels] : unnamedLabels(config),
    dontCare,
    edges,
    guessed: [...guessed],
    style: dim > 0 ? { dim, presets: decodePresets(metadata.styles, dim) } : null,
    ...(kindOf(config).regions && { regions: regionInfo(config, metadata) }),
  };
}

/** Labels for weights that store none. */
function unnamedLabels(config: Config): LabelInfo[] {
  return Array.from({ length: labelCount(config) }, (_, id) => ({
    id,
    name: config.contain_dontcare_label && id === config.label_nc ? "don't care" : `label ${id}`,
    color: labelHex(id),
  }));
}
