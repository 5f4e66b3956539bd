// Where each pixel lies in its region: CLADE's intra-class positional maps, as published.
//
// For every 8-connected region of one label (but label 0, also where that is a class): the offset of each pixel's row and column from
// their means over the region, each divided by the greatest magnitude + 1e-5; 0 elsewhere. Sums are float64, results float32.

import type { LabelMap } from "./label_map.ts";

const LEAST = 1e-5;

/** [H,W,2]: offsets of row and column. `raw`: in pixels, not divided (the published `--norm no`). */
export function positionsOf({ data, width, height }: LabelMap, { raw = false } = {}): Float32Array {
  const out = new Float32Array(2 * width * height);
  const seen = new Uint8Array(width * height);
  const region = new Int32Array(width * height);
  for (let start = 0; start < data.length; start++) {
    if (seen[start] || data[start] === 0) continue;
    const count = fill(data, width, height, start, seen, region);
    for (const axis of [0, 1]) {
      const at = (i: number): number => (axis ? region[i] % width : Math.floor(region[i] / width));
      let sum = 0;
      for (let i = 0; i < count; i++) sum += at(i);
      const mean = sum / count;
      let most = 0;
      for (let i = 0; i < count; i++) most = Math.max(most, Math.abs(at(i) - mean));
      const by = raw ? 1 : most + LEAST;
      for (let i = 0; i < count; i++) out[2 * region[i] + axis] = (at(i) - mean) / by;
    }
  }
  return out;
}

/** Writes the pixels of the region of `start` into `region` and marks them as seen. @returns their number */
function fill(
  data: LabelMap["data"],
  width: number,
  height: number,
  start: number,
  seen: Uint8Array,
  region: Int32Array,
): number {
  region[0] = start;
  seen[start] = 1;
  let count = 1;
  for (let i = 0; i < count; i++) {
    const [px, py] = [region[i] % width, Math.floor(region[i] / width)];
    for (let y = Math.max(0, py - 1); y <= Math.min(height - 1, py + 1); y++)
      for (let x = Math.max(0, px - 1); x <= Math.min(width - 1, px + 1); x++) {
        const p = y * width + x;
        if (seen[p] || data[p] !== data[start]) continue;
        seen[p] = 1;
        region[count++] = p;
      }
  }
  return count;
}
