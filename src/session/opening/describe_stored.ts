// A net in a file that this package wrote: the config is in the file's metadata.

import type { Checkpoint } from "../../formats/checkpoint.ts";
import { readStoredConfig, type FoundConfig } from "../../models/weights/stored_config.ts";
import { SpadeError } from "../../runtime/index.ts";
import { netIn, type NetWeights } from "../../painting/open_net.ts";

/** @throws SpadeError file: no config in it; usage, file, shape: as netIn */
export function describeStored(
  checkpoint: Checkpoint,
  o: { weights: string; size?: readonly [number, number] },
): NetWeights & FoundConfig {
  const { config } = checkpoint.metadata;
  if (config === undefined)
    throw new SpadeError(
      "file",
      o.weights,
      "do not say with which options the net was trained",
      "convert it: npx spade-webgpu convert FILE OUT.safetensors, or convertCheckpoint of spade-webgpu/pth in the page",
    );
  return netIn(checkpoint, readStoredConfig(config), o);
}
