// What a dataset gives for one picture.

import type { LabelMap } from "../labels/label_map.ts";

export interface Sample {
  /** Ids as the net takes them (255 mapped to label_nc where there is a don't-care label). */
  label: LabelMap;
  instance?: LabelMap;
  /** RGB bytes [H,W,3] of the label map's size; (v / 255 - 0.5) / 0.5 is what the net sees. */
  image: Uint8Array;
  /** Of the photograph, as published. */
  path: string;
}
