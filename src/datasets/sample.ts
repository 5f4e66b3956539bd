// What a dataset gives for one picture.

import type { LabelMap } from "../labels/label_map.ts";

export interface Sample {
  /** Ids as the net takes them (255 mapped to label_nc where there is a don't-care label). */
  label: LabelMap;
  instance?: LabelMap;
  /** RGB bytes [H,W,3] of the label map's size; nets see them NORMALISED. */
  image: Uint8Array;
  /** Of the photograph, as published. */
  path: string;
}

/** The published (v / 255 - 0.5) / 0.5 of each byte, in torch's order of float32 operations. */
export const NORMALISED = Float32Array.from({ length: 256 }, (_, v) => Math.fround(Math.fround(v / 255) - 0.5) / 0.5);
