// The data of one sample, as a data set returns it.

import type { LabelMap } from "../labels/label_map.ts";

export interface Sample {
  /** Ids as the net takes them (255 becomes label_nc if there is a don't-care label). */
  label: LabelMap;
  instance?: LabelMap;
  /** Of data for a net with add_dist: [H,W,2], src/labels/positions.ts. */
  positions?: Float32Array;
  /** RGB bytes [H,W,3], same size as the label map. Nets get them mapped through NORMALISED. */
  image: Uint8Array;
  /** Path of the photo, as in upstream. */
  path: string;
}
