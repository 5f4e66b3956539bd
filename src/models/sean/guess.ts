// The config of SEAN's generator, from keys and shapes.

import { defaultConfig, type Config } from "../config.ts";

/** The key by which SEAN's generators are known. */
export const SEAN_KEY = "head_0.ace_0.Spade.mlp_shared.0.weight";

/** Finds the config if the keys are those of SEAN's generator. Its labels are taken to have no don't care and no edges, as published. */
export function guessSean(shapes: ReadonlyMap<string, readonly number[]>, given: Partial<Config>): Config | undefined {
  const shared = shapes.get(SEAN_KEY);
  const first = shapes.get("Zencoder.model.1.weight");
  const last = shapes.get("Zencoder.model.14.weight");
  const fc = shapes.get("fc.weight");
  if (!shared || !first || !last || !fc) return undefined;
  const spectral = shapes.has("head_0.conv_0.weight_orig") ? "spectral" : "";
  const kind = shapes.has("head_0.ace_0.Spade.param_free_norm.running_mean") ? "syncbatch" : "instance";
  return {
    ...defaultConfig,
    netG: "sean",
    label_nc: shared[1],
    contain_dontcare_label: false,
    no_instance: true,
    ngf: fc[0] / 16,
    crop_size: given.crop_size ?? defaultConfig.crop_size,
    aspect_ratio: given.aspect_ratio ?? defaultConfig.aspect_ratio,
    num_upsampling_layers: given.num_upsampling_layers ?? defaultConfig.num_upsampling_layers,
    norm_G: `${spectral}spade${kind}${shared[2]}x${shared[3]}`,
    style_length: last[0],
    enc_ngf: first[0],
  };
}
