// Files beside the weights.

import type { Source, SpadeOptions } from "../api.ts";
import type { Checkpoint } from "../../formats/checkpoint.ts";

/** Where a net's encoder is: as given, in the weights' own file (as createTrainer saves it), or beside them; undefined: nowhere that is known. */
export function encoderOf(
  { encoder, weights }: SpadeOptions,
  { metadata, names }: Pick<Checkpoint, "metadata" | "names">,
): Source | undefined {
  if (encoder !== undefined) return encoder;
  const readOnce = weights instanceof Response || weights instanceof ReadableStream;
  return names().includes("fc_mu.weight") && !readOnce ? weights : besideWeights(weights, metadata.encoder);
}

/**
 * The address of the encoder beside a generator's weights.
 * @param name of the file, from the weights' metadata; undefined: _G in the weights' name becomes _E
 * @returns undefined for weights without an address, and where no name follows
 */
export function besideWeights(weights: Source, name: string | undefined): Source | undefined {
  const text =
    typeof weights === "string"
      ? weights
      : weights instanceof Request
        ? weights.url
        : weights instanceof URL
          ? weights.href
          : "";
  if (/^(blob|data):/.test(text)) return undefined;
  const [, folder, file, rest = ""] = /^([^?#]*?)([^/\\?#]+)([?#].*)?$/.exec(text) ?? [];
  if (file === undefined) return undefined;
  const encoder = name ?? file.replace(/_G(_ema)?(?=\.\w+$)/, "_E");
  // A name from a file leads to no other folder.
  return encoder === file || /[/\\]/.test(encoder) ? undefined : folder + encoder + rest;
}
