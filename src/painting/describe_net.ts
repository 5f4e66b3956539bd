// A net in a checkpoint of any origin: what the file leaves open of its config is guessed.

import type { Checkpoint } from "../formats/checkpoint.ts";
import { shapesOf } from "../formats/tensors.ts";
import type { Config } from "../models/config.ts";
import { findConfig, guessNote } from "../models/weights/find_config.ts";
import type { FoundConfig } from "../models/weights/stored_config.ts";
import { netIn, type NetWeights } from "./open_net.ts";

/**
 * Derives a net's config from its checkpoint.
 * @param weights the checkpoint's name in messages
 * @param overrides options that replace those derived from the checkpoint
 * @param size of the pictures, if it differs from the net's own
 * @throws SpadeError usage, file, shape: no generator, or options that do not fit together
 */
export function describeNet(
  checkpoint: Checkpoint,
  { overrides, ...o }: { weights: string; overrides?: Partial<Config>; size?: readonly [number, number] },
): NetWeights & FoundConfig {
  const shapes = shapesOf(checkpoint);
  const net = netIn(checkpoint, findConfig(shapes, checkpoint.metadata, overrides), o);
  return { ...net, note: guessNote(net) };
}
