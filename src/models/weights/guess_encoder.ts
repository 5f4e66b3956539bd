// The config of an encoder, from its keys and shapes.

import { SpadeError } from "../../runtime/errors.ts";
import type { EncoderConfig } from "../nets/encoder.ts";

/**
 * Finds the config of an encoder's checkpoint from keys and shapes.
 * @throws SpadeError unsupported: the keys are not those of an encoder
 */
export function guessEncoder(shapes: ReadonlyMap<string, readonly number[]>): EncoderConfig {
  const of = (...keys: string[]): readonly number[] | undefined => keys.map((key) => shapes.get(key)).find(Boolean);
  const spectral = of("layer1.0.weight_orig", "layer1.weight_orig");
  const first = spectral ?? of("layer1.0.weight", "layer1.weight");
  const mu = shapes.get("fc_mu.weight");
  if (!first || !mu) {
    const missing = first ? "fc_mu.weight" : "layer1.0.weight_orig";
    throw new SpadeError("unsupported", "encoder", `no key ${missing}`, "give a SPADE encoder (latest_net_E.pth)");
  }
  const kind = shapes.has("layer1.1.running_mean") ? "batch" : shapes.has("layer1.bias") ? "none" : "instance";
  return { ngf: first[0], z_dim: mu[0], norm_E: `${spectral ? "spectral" : ""}${kind}` };
}
