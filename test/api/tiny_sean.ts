// A tiny seeded generator of SEAN as a file in memory: 64x64, four labels, codes of eight numbers; and photos for it.

import { defaultConfig, type Config } from "../../src/models/config.ts";
import { seanShapes } from "../../src/models/sean/net.ts";
import { encodeRegionStyles, type RegionStyles } from "../../src/models/sean/region_styles.ts";
import { seededState } from "../../src/models/weights/seeded.ts";
import { stateFile } from "./tiny.ts";

export const sean: Config = {
  ...defaultConfig,
  netG: "sean",
  ngf: 1,
  label_nc: 4,
  contain_dontcare_label: false,
  no_instance: true,
  crop_size: 64,
  style_length: 8,
  enc_ngf: 2,
};

/** @param means mean codes that the file stores @param more metadata */
export function seanWeights(
  means: RegionStyles = {},
  config: Config = sean,
  more: Record<string, string> = {},
): Promise<Uint8Array> {
  const stored: Record<string, string> = Object.keys(means).length ? { region_styles: encodeRegionStyles(means) } : {};
  return stateFile(seededState(seanShapes(config), 3, 1), { config: JSON.stringify(config), ...stored, ...more });
}

/** RGBA of a photo of 64x64 that differs from seed to seed; `photo` of test/browser/pages/helpers.mjs is the same. */
export const photo = (seed: number): Uint8ClampedArray<ArrayBuffer> =>
  Uint8ClampedArray.from({ length: 4 * 64 * 64 }, (_, i) => (i % 4 === 3 ? 255 : (Math.imul(i, seed) >>> 3) % 256));
